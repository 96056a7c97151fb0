#include "server/supervise/launch.h"

#include <cctype>
#include <optional>
#include <system_error>

namespace dokku::server {
namespace {

constexpr const char* kCaBundle = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kHostNameMax = 63;

struct Given {
  const Environment& config;
  std::optional<std::uint16_t> port;  // none: nothing is routed to it
  std::string dyno;
  runtime::Limits limits = {};
};

std::vector<std::string> environment(const Given& given) {
  Environment all = given.config;
  all.try_emplace("PATH", kPath);
  all.try_emplace("LANG", "C.UTF-8");
  all.try_emplace("NODE_EXTRA_CA_CERTS", kCaBundle);  // Node brings a list of its own
  if (given.limits.memory_bytes > 0) {
    all.try_emplace("MEMORY_AVAILABLE", std::to_string(given.limits.memory_bytes >> 20));
  }
  all["HOME"] = "/app";
  if (given.port) all["PORT"] = std::to_string(*given.port);
  all["DYNO"] = given.dyno;
  std::vector<std::string> out;
  for (const auto& [key, value] : all) out.push_back(key + "=" + value);
  return out;
}

// Requests come to web alone; another process keeps a PORT that the app's config has.
std::optional<std::uint16_t> port_for(const std::string& type, const ReleaseWanted& release) {
  return type == "web" ? std::optional(release.port) : std::nullopt;
}

std::vector<std::string> start_command(const std::vector<std::string>& command) {
  const std::string tools = kToolsInContainer;
  std::vector<std::string> out = {tools + "/init", "--", "/bin/bash", tools + "/start"};
  out.insert(out.end(), command.begin(), command.end());
  return out;
}

// The network's hosts file knows the container's own name, the common one `localhost` alone.
std::vector<runtime::Mount> mounts(const HostSide& host, const runtime::Endpoint& endpoint) {
  const bool own = !endpoint.hosts_file.empty();
  std::vector<runtime::Mount> out = {
      {host.tools.directory, kToolsInContainer, true},
      {own ? endpoint.hosts_file : host.tools.hosts(), "/etc/hosts", true},
      {host.resolv_conf, "/etc/resolv.conf", true}};
  if (!host.ca_bundle.empty()) out.push_back({host.ca_bundle, kCaBundle, true});
  return out;
}

// The name that the hosts file knows, else "blog.web.1" with what a host name may not hold
// replaced.
std::string host_name(const std::string& text, const runtime::Endpoint& endpoint) {
  if (!endpoint.hostname.empty()) return endpoint.hostname;
  std::string out;
  for (const char c : text.substr(0, kHostNameMax)) {
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  }
  return out;
}

std::string seconds_since_1970(WallTime at) {
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch());
  return std::to_string(since.count());
}

}  // namespace

std::filesystem::path host_ca_bundle() {
  std::error_code ignored;
  return std::filesystem::exists(kCaBundle, ignored) ? kCaBundle : "";
}

runtime::ContainerSpec instance_spec(const InstanceKey& key, const ReleaseWanted& release,
                                     const ProcessWanted& process,
                                     const runtime::Endpoint& endpoint, const HostSide& host) {
  const std::string dyno = key.type + "." + std::to_string(key.index);
  runtime::ContainerSpec spec{.id = instance_container(key), .image = release.image};
  spec.labels = instance_labels(key);
  spec.args = start_command({process.command});
  spec.env = environment({release.env, port_for(key.type, release), dyno, process.limits});
  spec.cwd = "/app";
  spec.mounts = mounts(host, endpoint);
  spec.limits = process.limits;
  spec.shim_group = shim_group(key.app);
  spec.hostname = host_name(key.app + "." + dyno, endpoint);
  spec.network_namespace = endpoint.network_namespace;
  return spec;
}

std::filesystem::path instance_logs(const std::filesystem::path& logs_dir, const std::string& app,
                                    const std::string& process) {
  return logs_dir / app / process;
}

runtime::Stdio one_off_stdio(const std::string& app, const std::string& name,
                             const HostSide& host) {
  runtime::Stdio stdio;
  stdio.kind = runtime::Stdio::Kind::logger;
  stdio.logger_program = host.tools.log();
  stdio.logger_key = "dir";
  stdio.logger_value = instance_logs(host.logs_dir, app, name).string();
  return stdio;
}

runtime::Stdio instance_stdio(const InstanceKey& key, const HostSide& host) {
  return one_off_stdio(key.app, key.type + "." + std::to_string(key.index), host);
}

runtime::ContainerSpec one_off_spec(const RunSpec& run, const runtime::Endpoint& endpoint,
                                    const HostSide& host, WallTime now) {
  std::string words;
  for (const auto& word : run.command) words += (words.empty() ? "" : " ") + word;
  runtime::ContainerSpec spec{.id = one_off_container(run.app, run.name), .image = run.image};
  const WallTime until = now + std::chrono::duration_cast<WallTime::duration>(run.life);
  spec.labels = {{kLabelApp, run.app},
                 {kLabelOneOff, run.name},
                 {kLabelCommand, words.substr(0, 1024)},
                 {kLabelSince, seconds_since_1970(now)},
                 {kLabelUntil, seconds_since_1970(until)}};
  spec.args = start_command(run.command);
  spec.env = environment({run.env, run.port, run.name, run.limits});
  spec.cwd = "/app";
  spec.mounts = mounts(host, endpoint);
  spec.limits = run.limits;
  spec.shim_group = shim_group(run.app);
  spec.hostname = host_name(run.app + "." + run.name, endpoint);
  spec.network_namespace = endpoint.network_namespace;
  spec.terminal = run.terminal;
  return spec;
}

runtime::ExecSpec enter_spec(const EnterSpec& enter, const ReleaseWanted& release,
                             const std::string& exec_id) {
  runtime::ExecSpec spec;
  spec.exec_id = exec_id;
  spec.args = {"/bin/bash", std::string(kToolsInContainer) + "/start"};
  spec.args.insert(spec.args.end(), enter.command.begin(), enter.command.end());
  const std::string dyno = enter.type + "." + std::to_string(enter.index);
  spec.env = environment({release.env, port_for(enter.type, release), dyno});
  spec.cwd = "/app";
  spec.terminal = enter.terminal;
  return spec;
}

}  // namespace dokku::server
