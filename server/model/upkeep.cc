#include "server/model/upkeep.h"

#include <nlohmann/json.hpp>

#include "base/io.h"

namespace dokku::server {
namespace {

using Json = nlohmann::json;

Fail bad(std::string_view key, std::string_view what) {
  return fail(Errc::invalid_argument, "\"" + std::string(key) + "\" " + std::string(what));
}

Result<> read_path(const Json& json, const char* key, std::filesystem::path& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (!found->is_string()) return bad(key, "must be text");
  const auto text = found->get<std::string>();
  if (!text.starts_with('/')) return bad(key, "must be an absolute path");
  into = text;
  return {};
}

// From the root of the cgroup file system.
Result<> read_cgroup(const Json& json, std::string& into) {
  std::filesystem::path path = into;
  TRY(read_path(json, "cgroup", path));
  if (path == "/" || path != path.lexically_normal()) return bad("cgroup", "is no plain path");
  into = path.string();
  return {};
}

// runtime/network says whether it is one.
Result<> read_subnet(const Json& json, std::string& into) {
  const auto found = json.find("subnet");
  if (found == json.end()) return {};
  if (!found->is_string()) return bad("subnet", "must be a range like 10.83.0.0/20");
  into = found->get<std::string>();
  return {};
}

}  // namespace

Result<Upkeep> Upkeep::parse(std::string_view text, const Instance& instance) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(Errc::invalid_argument, "not a JSON object");
  Upkeep upkeep;
  std::filesystem::path root;
  TRY(read_path(json, "root", root));
  upkeep.daemon_logs_dir = "/var/log/" + instance.name;
  if (!root.empty()) upkeep.daemon_logs_dir = root / "log";
  upkeep.proxy_snapshot = (root.empty() ? instance.state_dir : root) / "proxy/routes.json";
  upkeep.cgroup_parent = instance.cgroup_parent();
  TRY(read_path(json, "daemon_logs_dir", upkeep.daemon_logs_dir));
  TRY(read_path(json, "proxy_snapshot", upkeep.proxy_snapshot));
  TRY(read_path(json, "sshd_config", upkeep.sshd_config));
  TRY(read_cgroup(json, upkeep.cgroup_parent));
  TRY(read_subnet(json, upkeep.subnet));
  const auto prepare = json.find("prepare_stack");
  if (prepare == json.end()) return upkeep;
  if (!prepare->is_boolean()) return bad("prepare_stack", "must be true or false");
  upkeep.prepare_stack = prepare->get<bool>();
  return upkeep;
}

Result<Upkeep> Upkeep::load(const std::filesystem::path& file, const Instance& instance) {
  const std::string text = TRY(read_file(file));
  Result<Upkeep> upkeep = parse(text, instance);
  if (!upkeep) return Fail(std::move(upkeep).error().while_("reading " + file.string()));
  return upkeep;
}

}  // namespace dokku::server
