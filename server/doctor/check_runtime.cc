// containerd and what containers need of the kernel.
#include <sstream>

#include "server/doctor/checks.h"

namespace dokku::server {
namespace {

constexpr const char* kControllers[] = {"cpu", "memory", "pids"};

// The first word of each line's last column, or words, whatever the file.
bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string one; words >> one;) {
    if (one == word) return true;
  }
  return false;
}

// cgroup v2: one file of words. v1: /proc/cgroups, "name hierarchy groups enabled".
bool has_controller(HostView& host, const std::string& name) {
  const auto unified = host.read("/sys/fs/cgroup/cgroup.controllers");
  if (unified) return has_word(*unified, name);
  std::istringstream lines(host.read("/proc/cgroups").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string controller;
    int hierarchy = 0, groups = 0, enabled = 0;
    if (words >> controller >> hierarchy >> groups >> enabled && controller == name) {
      return enabled == 1;
    }
  }
  return false;
}

}  // namespace

Findings check_containerd(const DoctorParts& parts) {
  if (parts.containers == nullptr) return {};
  const Result<std::string> version = parts.containers->version();
  if (version) return {good("containerd", "containerd " + *version + " answers")};
  const std::string mend =
      parts.instance.private_containerd ? restart_command(parts) : "systemctl restart containerd";
  return {wrong("containerd",
                "containerd does not answer at " + parts.instance.containerd_socket.string() +
                    " (" + version.error().message() + "); apps run on, nothing can be deployed",
                mend)};
}

Findings check_kernel(const DoctorParts& parts) {
  HostView& host = *parts.host;
  Findings found;
  if (!has_word(host.read("/proc/filesystems").value_or(""), "overlay")) {
    found.push_back(wrong("kernel", "the kernel has no overlay file system, which images need",
                          "modprobe overlay && echo overlay > /etc/modules-load.d/dokku.conf"));
  }
  std::string missing;
  for (const char* controller : kControllers) {
    if (!has_controller(host, controller))
      missing += (missing.empty() ? "" : ", ") + std::string(controller);
  }
  if (!missing.empty()) {
    found.push_back(wrong("kernel", "no cgroup limits for: " + missing,
                          "add cgroup_enable=memory to the kernel's command line and reboot"));
  }
  if (!found.empty()) return found;
  const bool unified = host.read("/sys/fs/cgroup/cgroup.controllers").has_value();
  std::string release = host.read("/proc/sys/kernel/osrelease").value_or("unknown\n");
  release.resize(release.find_last_not_of('\n') + 1);
  return {good("kernel", "Linux " + release + ", overlay, cgroup " + (unified ? "v2" : "v1"))};
}

}  // namespace dokku::server
