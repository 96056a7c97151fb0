#include "cli/client/starting.h"

#include <unistd.h>

namespace dokku::cli {

bool systemd_runs() { return ::access("/run/systemd/system", F_OK) == 0; }

std::string how_to(const std::string& verb, bool systemd) {
  if (systemd) return "systemctl " + verb + " dokku";
  return "dokku-supervise, or packaging/quickstart where that made this instance";
}

}  // namespace dokku::cli
