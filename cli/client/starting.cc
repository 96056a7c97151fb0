#include "cli/client/starting.h"

#include <unistd.h>

namespace dokku::cli {

bool systemd_runs() { return ::access("/run/systemd/system", F_OK) == 0; }

std::string how_to(const std::string& verb, bool systemd) {
  if (systemd) return "systemctl " + verb + " dokku";
  const std::string supervise = "dokku-supervise --config /etc/dokku/instance.json ";
  if (verb == "restart") return supervise + "--stop, then --start";
  return supervise + "--start (or packaging/quickstart, where that made this instance)";
}

}  // namespace dokku::cli
