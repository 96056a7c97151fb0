#include "tests/host_view/fake_host.h"

namespace dokku::testing {

using server::FileMode;
using server::PortHolder;
using server::Lookups;

FakeHost::FakeHost() {
  files["/proc/filesystems"] = "nodev\tproc\nnodev\toverlay\n\text4\n";
  files["/sys/fs/cgroup/cgroup.controllers"] = "cpuset cpu io memory hugetlb pids rdma misc\n";
  files["/proc/sys/kernel/osrelease"] = "6.1.0-1-amd64\n";
  files["/proc/meminfo"] =
      "MemTotal:        4000000 kB\nMemFree:         100000 kB\n"
      "MemAvailable:    2000000 kB\nSwapTotal:             0 kB\n";
  files["/etc/resolv.conf"] = "nameserver 192.0.2.53\n";
  names["deb.debian.org"] = {"192.0.2.80"};
  listening = {{80, "dokku-proxy"}, {443, "dokku-proxy"}, {22, "sshd"}};
}

Result<std::string> FakeHost::read(const std::filesystem::path& file) {
  const auto found = files.find(file.string());
  if (found == files.end()) return fail(Errc::not_found, "no file " + file.string());
  return found->second;
}

std::vector<std::string> FakeHost::names_in(const std::filesystem::path& folder) {
  const auto found = folders.find(folder.string());
  return found == folders.end() ? std::vector<std::string>() : found->second;
}

std::optional<FileMode> FakeHost::mode_of(const std::filesystem::path& file) {
  const auto found = modes.find(file.string());
  if (found == modes.end()) return std::nullopt;
  return found->second;
}

std::set<PortHolder> FakeHost::listeners(const std::set<std::uint16_t>& ports) {
  std::set<PortHolder> found;
  for (const PortHolder& one : listening) {
    if (ports.contains(one.port)) found.insert(one);
  }
  return found;
}

Lookups FakeHost::look_up(const std::vector<std::string>& asked, Duration) {
  Lookups found;
  for (const std::string& name : asked) {
    if (names.contains(name)) found[name] = names[name];
  }
  return found;
}

}  // namespace dokku::testing
