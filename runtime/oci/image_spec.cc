#include "runtime/oci/image_spec.h"

#include <nlohmann/json.hpp>

#include "runtime/digest/sha256.h"

namespace dokku::runtime::oci {
namespace {

using nlohmann::json;

constexpr const char* kArchitecture =
#if defined(__x86_64__)
    "amd64";
#elif defined(__aarch64__)
    "arm64";
#else
#error "no OCI name known for this processor"
#endif

json descriptor_json(const Descriptor& d) {
  return {{"mediaType", d.media_type}, {"digest", d.digest}, {"size", d.size_bytes}};
}

Descriptor parse_descriptor(const json& from) {
  return {from.at("mediaType").get<std::string>(), from.at("digest").get<std::string>(),
          from.at("size").get<std::uint64_t>()};
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// An absent key and null mean the same in Go's JSON, which most images come from.
template <class T>
T value_or(const json& object, const char* key, T otherwise) {
  if (!object.contains(key) || object[key].is_null()) return otherwise;
  return object[key].get<T>();
}

ImageConfig parse_image_config(const json& from) {
  ImageConfig config;
  for (const auto& entry : value_or<std::vector<std::string>>(from, "Env", {})) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) config.env[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  config.entrypoint = value_or<std::vector<std::string>>(from, "Entrypoint", {});
  config.cmd = value_or<std::vector<std::string>>(from, "Cmd", {});
  config.user = value_or<std::string>(from, "User", "");
  config.working_dir = value_or<std::string>(from, "WorkingDir", "");
  config.labels = value_or<std::map<std::string, std::string>>(from, "Labels", {});
  return config;
}

}  // namespace

const char* layer_type(const LayerFile& layer) { return layer.zstd ? kZstdType : kTarType; }

std::string config_json(const ConfigFile& file) {
  const ImageConfig& from = file.config;
  json config = json::object();
  for (const auto& [key, value] : from.env) config["Env"].push_back(key + "=" + value);
  if (!from.entrypoint.empty()) config["Entrypoint"] = from.entrypoint;
  if (!from.cmd.empty()) config["Cmd"] = from.cmd;
  if (!from.user.empty()) config["User"] = from.user;
  if (!from.working_dir.empty()) config["WorkingDir"] = from.working_dir;
  if (!from.labels.empty()) config["Labels"] = from.labels;
  // No "created": the same input must give the same digest.
  return text_of({{"architecture", kArchitecture},
                  {"os", "linux"},
                  {"config", std::move(config)},
                  {"rootfs", {{"type", "layers"}, {"diff_ids", file.diff_ids}}}});
}

std::string manifest_json(const Manifest& manifest) {
  json layers = json::array();
  for (const Descriptor& layer : manifest.layers) layers.push_back(descriptor_json(layer));
  return text_of({{"schemaVersion", 2},
                  {"mediaType", kManifestType},
                  {"config", descriptor_json(manifest.config)},
                  {"layers", std::move(layers)}});
}

Result<ConfigFile> parse_config(std::string_view text) try {
  const json from = json::parse(text);
  ConfigFile file;
  file.config = parse_image_config(value_or<json>(from, "config", json::object()));
  file.diff_ids = from.at("rootfs").at("diff_ids").get<std::vector<std::string>>();
  return file;
} catch (const json::exception& e) {
  return fail(Errc::invalid_argument, std::string("image configuration: ") + e.what());
}

Result<Manifest> parse_manifest(std::string_view text) try {
  const json from = json::parse(text);
  Manifest manifest;
  manifest.config = parse_descriptor(from.at("config"));
  for (const json& layer : from.at("layers")) manifest.layers.push_back(parse_descriptor(layer));
  return manifest;
} catch (const json::exception& e) {
  return fail(Errc::invalid_argument, std::string("image manifest: ") + e.what());
}

std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids) {
  std::vector<std::string> chain;
  for (const std::string& diff_id : diff_ids) {
    chain.push_back(chain.empty() ? diff_id : sha256_of(chain.back() + " " + diff_id));
  }
  return chain;
}

}  // namespace dokku::runtime::oci
