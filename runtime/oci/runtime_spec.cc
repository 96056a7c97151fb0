#include "runtime/oci/runtime_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/oci/seccomp.h"

namespace dokku::runtime::oci {
namespace {

// containerd's name for "one shim for these" (its runtime/v2/README.md).
constexpr const char* kShimGroup = "io.containerd.runc.v2.group";

using nlohmann::json;

json mount(const char* type, const char* source, const char* target, json options) {
  return {
      {"type", type}, {"source", source}, {"destination", target}, {"options", std::move(options)}};
}

json mounts(const ContainerSpec& spec, const SpecOptions& options) {
  const std::string shm_size = "size=" + std::to_string(options.shm_bytes);
  json all = json::array({
      mount("proc", "proc", "/proc", {"nosuid", "noexec", "nodev"}),
      mount("tmpfs", "tmpfs", "/dev", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("devpts", "devpts", "/dev/pts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("tmpfs", "shm", "/dev/shm", {"nosuid", "noexec", "nodev", "mode=1777", shm_size}),
      mount("mqueue", "mqueue", "/dev/mqueue", {"nosuid", "noexec", "nodev"}),
      mount("sysfs", "sysfs", "/sys", {"nosuid", "noexec", "nodev", "ro"}),
      // Language runtimes size their heaps by the limits they read here.
      mount("cgroup", "cgroup", "/sys/fs/cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}),
  });
  for (const Mount& bind : spec.mounts) {
    // Not recursive: what is mounted below the source on the host is not meant to be seen.
    all.push_back(mount("bind", bind.source.c_str(), bind.target.c_str(),
                        {"bind", "rprivate", "nosuid", "nodev", bind.read_only ? "ro" : "rw"}));
  }
  return all;
}

json namespaces(const ContainerSpec& spec) {
  json network{{"type", "network"}};
  if (spec.network_namespace) network["path"] = spec.network_namespace->string();
  return json::array({{{"type", "pid"}},
                      {{"type", "ipc"}},
                      {{"type", "uts"}},
                      {{"type", "mount"}},
                      {{"type", "cgroup"}},
                      std::move(network)});
}

json resources(const Limits& limits, const SpecOptions& options) {
  json made = json::object();
  if (limits.memory_bytes > 0) {
    made["memory"]["limit"] = limits.memory_bytes;
    // Memory and swap together: without it the limit would only push the app into swap.
    if (options.limit_swap) {
      made["memory"]["swap"] = std::max(limits.memory_bytes, limits.memory_swap_bytes);
    }
  }
  if (limits.memory_reserve_bytes > 0) {
    made["memory"]["reservation"] = limits.memory_reserve_bytes;
  }
  if (limits.cpu_millis > 0) {
    constexpr std::uint64_t kPeriodMicros = 100'000;
    made["cpu"]["period"] = kPeriodMicros;
    made["cpu"]["quota"] = limits.cpu_millis * kPeriodMicros / 1000;
  }
  if (limits.cpu_shares > 0) made["cpu"]["shares"] = limits.cpu_shares;
  if (limits.pids > 0) made["pids"]["limit"] = limits.pids;
  return made;
}

json rlimit(const char* type, std::uint64_t value) {
  return {{"type", type}, {"soft", value}, {"hard", value}};
}

json capability_sets(const std::vector<std::string>& capabilities) {
  json sets;
  for (const char* set : {"bounding", "effective", "inheritable", "permitted", "ambient"}) {
    sets[set] = json::array();
  }
  for (const char* set : {"bounding", "effective", "permitted"}) sets[set] = capabilities;
  return sets;
}

struct ProcessParts {
  const std::vector<std::string>& args;
  const std::vector<std::string>& env;
  const std::string& cwd;
  User user;
  bool terminal;
};

json process(const ProcessParts& parts, const SpecOptions& options) {
  return {{"terminal", parts.terminal},
          {"args", parts.args},
          {"env", parts.env},
          {"cwd", parts.cwd},
          {"user", {{"uid", parts.user.uid}, {"gid", parts.user.gid}}},
          {"capabilities", capability_sets({})},
          {"noNewPrivileges", true},
          {"oomScoreAdj", options.oom_score_adj},
          // A crash must not fill the disk with memory images.
          {"rlimits", json::array({rlimit("RLIMIT_CORE", 0)})}};
}

json linux_part(const ContainerSpec& spec, const SpecOptions& options) {
  json limits = resources(spec.limits, options);
  // runc itself adds null, zero, full, random, urandom, tty and the terminals.
  limits["devices"] = json::array({{{"allow", false}, {"access", "rwm"}}});
  return {{"cgroupsPath", options.cgroup_parent + "/" + spec.id.str()},
          {"namespaces", namespaces(spec)},
          {"resources", std::move(limits)},
          {"seccomp", json::parse(seccomp_profile())},
          {"maskedPaths",
           {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
            "/sys/devices/virtual/powercap", "/sys/firmware"}},
          {"readonlyPaths",
           {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
}

// Labels and commands come from people: bytes that are no UTF-8 are replaced, not refused.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string spec_json(const ContainerSpec& spec, const SpecOptions& options) {
  json init = process({spec.args, spec.env, spec.cwd, spec.user, spec.terminal}, options);
  init["capabilities"] = capability_sets(spec.capabilities);
  if (spec.limits.open_files > 0) {
    const std::uint64_t most = options.open_files_max;
    const std::uint64_t asked = spec.limits.open_files;
    init["rlimits"].push_back(rlimit("RLIMIT_NOFILE", most > 0 ? std::min(asked, most) : asked));
  }
  const std::string& hostname = spec.hostname.empty() ? spec.id.str() : spec.hostname;
  json config{{"ociVersion", "1.0.2"},
              {"process", std::move(init)},
              {"root", {{"path", "rootfs"}, {"readonly", spec.read_only_root}}},
              {"hostname", hostname.substr(0, 63)},  // the kernel's limit is 64 bytes
              {"mounts", mounts(spec, options)},
              {"linux", linux_part(spec, options)}};
  if (!spec.shim_group.empty()) {
    config["annotations"][kShimGroup] = spec.shim_group;
  }
  return text_of(config);
}

std::string process_json(const ExecSpec& what, const SpecOptions& options) {
  return text_of(process({what.args, what.env, what.cwd, what.user, what.terminal}, options));
}

std::string resources_json(const Limits& limits, const SpecOptions& options) {
  return text_of(resources(limits, options));
}

bool wants_terminal(const std::string& spec_json) {
  const json spec = json::parse(spec_json, nullptr, false);
  if (!spec.is_object() || !spec.contains("process")) return false;
  const json& init = spec["process"];
  return init.is_object() && init.contains("terminal") && init["terminal"] == true;
}

bool shares_shim(const std::string& spec_json) {
  const json spec = json::parse(spec_json, nullptr, false);
  return spec.is_object() && spec.contains("annotations") && spec["annotations"].is_object() &&
         spec["annotations"].contains(kShimGroup);
}

}  // namespace dokku::runtime::oci
