#include "server/model/instance.h"

#include <nlohmann/json.hpp>

#include "base/io.h"

namespace dokku::server {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kNameMax = 12;

Fail bad(std::string_view key, std::string_view what) {
  return fail(Errc::invalid_argument, "\"" + std::string(key) + "\" " + std::string(what));
}

Result<> read_text(const Json& json, const char* key, std::string& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (!found->is_string()) return bad(key, "must be text");
  into = found->get<std::string>();
  if (into.empty()) return bad(key, "must not be empty");
  return {};
}

Result<> read_path(const Json& json, const char* key, std::filesystem::path& into) {
  std::string text;
  TRY(read_text(json, key, text));
  if (text.empty()) return {};
  if (text.front() != '/') return bad(key, "must be an absolute path");
  into = text;
  return {};
}

Result<> read_port(const Json& json, const char* key, std::uint16_t& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (!found->is_number_integer()) return bad(key, "must be a number");
  const auto number = found->get<std::int64_t>();
  if (number < 1 || number > 65535) return bad(key, "must be a port, 1 to 65535");
  into = static_cast<std::uint16_t>(number);
  return {};
}

Result<> read_flag(const Json& json, const char* key, bool& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (!found->is_boolean()) return bad(key, "must be true or false");
  into = found->get<bool>();
  return {};
}

Result<> read_name(const Json& json, std::string& name) {
  TRY(read_text(json, "name", name));
  bool valid = !name.empty() && name.size() <= kNameMax;
  for (const char c : name) {
    valid = valid && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
  }
  if (!valid) return bad("name", "must be 1 to 12 of a-z and 0-9");
  return {};
}

// The production layout when there is no root, else everything below it.
void set_defaults(const std::filesystem::path& root, const std::string& name, Instance& instance) {
  if (root.empty()) {
    instance.state_dir = "/var/lib/" + name;
    instance.home_dir = "/home/" + name;
    instance.run_dir = "/run/" + name;
    instance.helpers_dir = "/usr/lib/dokku";
    instance.daemon_logs_dir = "/var/log/" + name;
    instance.proxy_logs_dir = "/var/log/" + name + "-proxy";
    instance.containerd_socket = "/run/containerd/containerd.sock";
  } else {
    instance.state_dir = root / "lib";
    instance.home_dir = root / "home";
    instance.run_dir = root / "run";
    instance.helpers_dir = root / "helpers";
    instance.daemon_logs_dir = root / "log";
    instance.proxy_logs_dir = root / "proxy/logs";
    instance.containerd_socket = root / "run/containerd.sock";
  }
}

}  // namespace

Result<Instance> Instance::parse(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(Errc::invalid_argument, "not a JSON object");
  Instance instance;
  std::filesystem::path root;
  TRY(read_name(json, instance.name));
  TRY(read_path(json, "root", root));
  set_defaults(root, instance.name, instance);
  TRY(read_path(json, "state_dir", instance.state_dir));
  TRY(read_path(json, "home_dir", instance.home_dir));
  TRY(read_path(json, "run_dir", instance.run_dir));
  TRY(read_path(json, "helpers_dir", instance.helpers_dir));
  TRY(read_path(json, "daemon_logs_dir", instance.daemon_logs_dir));
  TRY(read_path(json, "proxy_logs_dir", instance.proxy_logs_dir));
  instance.stack_dir = instance.state_dir / "stack";
  instance.containerd_root = instance.state_dir / "containerd";
  instance.build_env_file = instance.state_dir / "build.env";
  TRY(read_path(json, "stack_dir", instance.stack_dir));
  TRY(read_path(json, "containerd_root", instance.containerd_root));
  TRY(read_path(json, "containerd_socket", instance.containerd_socket));
  TRY(read_path(json, "build_env_file", instance.build_env_file));
  TRY(read_text(json, "user", instance.user));
  TRY(read_port(json, "http_port", instance.http_port));
  // Beside other instances the usual port is not this one's: it is named, or there is none.
  if (instance.http_port != 80) instance.https_port = 0;
  TRY(read_port(json, "https_port", instance.https_port));
  TRY(read_port(json, "ssh_port", instance.ssh_port));
  TRY(read_flag(json, "private_containerd", instance.private_containerd));
  return instance;
}

Result<Instance> Instance::load(const std::filesystem::path& file) {
  const std::string text = TRY(read_file(file));
  Result<Instance> instance = parse(text);
  if (!instance) return Fail(std::move(instance).error().while_("reading " + file.string()));
  return instance;
}

}  // namespace dokku::server
