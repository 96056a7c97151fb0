#include "server/doctor/doctor.h"

#include <future>

#include "server/doctor/checks.h"

namespace dokku::server {
namespace {

void append(Findings& all, Findings more) {
  for (Finding& one : more) all.push_back(std::move(one));
}

}  // namespace

std::string restart_command(const DoctorParts& parts) {
  const bool systemd = parts.host->mode_of("/run/systemd/system").has_value();
  return systemd ? "systemctl restart dokkud" : "restart dokkud";
}

Findings examine(const DoctorParts& parts, const DoctorScope& scope) {
  Findings all;
  if (parts.host == nullptr) return all;
  // Those that may wait for somebody else.
  auto domains = std::async(std::launch::async, [&] { return check_domains(parts, scope); });
  if (!scope.whole) return domains.get();
  auto names = std::async(std::launch::async, [&] { return check_names(parts); });
  auto leftovers = std::async(std::launch::async, [&] { return check_leftovers(parts); });
  append(all, check_containerd(parts));
  append(all, check_kernel(parts));
  append(all, check_network(parts));
  append(all, names.get());
  append(all, check_ports(parts));
  append(all, domains.get());
  append(all, check_disk(parts));
  append(all, check_memory(parts));
  append(all, check_store(parts));
  append(all, leftovers.get());
  append(all, check_clock(parts));
  append(all, check_keys(parts));
  return all;
}

}  // namespace dokku::server
