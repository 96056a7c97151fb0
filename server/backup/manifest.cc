#include "server/backup/manifest.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "server/model/app_name.h"

namespace dokku::server {
namespace {

using nlohmann::json;

Fail wrong(const std::string& what) {
  return fail(Errc::invalid_argument, "The backup's manifest: " + printable(what));
}

// --- writing

json image_json(const BackupImage& image) {
  json layers = json::array();
  for (const runtime::LayerFile& layer : image.layers) {
    layers.push_back({{"digest", layer.digest.str()},
                      {"diff_id", layer.diff_id.str()},
                      {"size", layer.size_bytes},
                      {"zstd", layer.zstd}});
  }
  const runtime::ImageConfig& config = image.config;
  return {{"app", image.app},
          {"ref", image.ref},
          {"manifest", image.manifest},
          {"env", config.env},
          {"entrypoint", config.entrypoint},
          {"cmd", config.cmd},
          {"user", config.user},
          {"working_dir", config.working_dir},
          {"labels", config.labels},
          {"layers", layers}};
}

// --- reading: each key of the one type that it may have

class Reader {
 public:
  explicit Reader(const json& from) : from_(from) {}

  std::string text(const char* key) {
    const json* found = find(key);
    if (found != nullptr && found->is_string()) return found->get_ref<const std::string&>();
    return bad(key), std::string();
  }
  std::uint64_t number(const char* key) {
    const json* found = find(key);
    if (found != nullptr && found->is_number_unsigned())
      return *found->get_ptr<const std::uint64_t*>();
    return bad(key), 0;
  }
  bool yes(const char* key) {
    const json* found = find(key);
    if (found != nullptr && found->is_boolean()) return *found->get_ptr<const bool*>();
    return bad(key), false;
  }
  std::vector<std::string> words(const char* key) {
    std::vector<std::string> all;
    for (const json& each : list(key)) {
      if (each.is_string()) {
        all.push_back(each.get_ref<const std::string&>());
      } else {
        bad(key);
      }
    }
    return all;
  }
  std::map<std::string, std::string> pairs(const char* key) {
    std::map<std::string, std::string> all;
    const json* found = find(key);
    if (found == nullptr || !found->is_object()) return bad(key), all;
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) {
        all.emplace(name, value.get_ref<const std::string&>());
      } else {
        bad(key);
      }
    }
    return all;
  }
  const json& list(const char* key) {
    static const json kNone = json::array();
    const json* found = find(key);
    if (found != nullptr && found->is_array()) return *found;
    return bad(key), kNone;
  }
  // The first key that was not as it must be.
  const std::string& fault() const { return fault_; }

 private:
  const json* find(const char* key) const {
    if (!from_.is_object()) return nullptr;
    const auto found = from_.find(key);
    return found == from_.end() ? nullptr : &*found;
  }
  void bad(const char* key) {
    if (fault_.empty()) fault_ = std::string(key) + " is missing or of another kind";
  }
  const json& from_;
  std::string fault_;
};

Result<runtime::LayerFile> read_layer(const json& from) {
  Reader reader(from);
  runtime::Digest digest = TRY(runtime::Digest::parse(reader.text("digest")));
  runtime::Digest diff_id = TRY(runtime::Digest::parse(reader.text("diff_id")));
  runtime::LayerFile layer{{}, std::move(digest), std::move(diff_id)};
  layer.size_bytes = reader.number("size");
  layer.zstd = reader.yes("zstd");
  if (!reader.fault().empty()) return wrong("layers: " + reader.fault());
  return layer;
}

Result<BackupImage> read_image(const json& from) {
  Reader reader(from);
  BackupImage image;
  image.app = reader.text("app");
  image.ref = reader.text("ref");
  image.manifest = reader.text("manifest");
  image.config.env = reader.pairs("env");
  image.config.entrypoint = reader.words("entrypoint");
  image.config.cmd = reader.words("cmd");
  image.config.user = reader.text("user");
  image.config.working_dir = reader.text("working_dir");
  image.config.labels = reader.pairs("labels");
  for (const json& each : reader.list("layers")) {
    runtime::LayerFile layer = TRY(read_layer(each));
    image.layers.push_back(std::move(layer));
  }
  if (!reader.fault().empty()) return wrong("images: " + reader.fault());
  return image;
}

Result<BackupApp> read_app(const json& from) {
  Reader reader(from);
  BackupApp app;
  app.name = reader.text("name");
  app.release = reader.number("release");
  app.volumes = reader.words("volumes");
  app.repository = reader.yes("repository");
  if (!reader.fault().empty()) return wrong("apps: " + reader.fault());
  TRY(AppName::parse(app.name));
  return app;
}

}  // namespace

std::string write_manifest(const BackupManifest& manifest) {
  json apps = json::array();
  for (const BackupApp& app : manifest.apps) {
    apps.push_back({{"name", app.name},
                    {"release", app.release},
                    {"volumes", app.volumes},
                    {"repository", app.repository}});
  }
  json images = json::array();
  for (const BackupImage& image : manifest.images) images.push_back(image_json(image));
  const json all = {{"kind", manifest.kind == BackupManifest::Kind::app ? "app" : "server"},
                    {"made_at", static_cast<std::uint64_t>(manifest.made_at)},
                    {"instance", manifest.instance},
                    {"machine", manifest.machine},
                    {"schema", static_cast<std::uint64_t>(manifest.schema)},
                    {"domains", manifest.domains},
                    {"apps", apps},
                    {"images", images},
                    {"global_config", manifest.global_config},
                    {"bytes", manifest.bytes}};
  return all.dump(1, ' ', false, json::error_handler_t::replace);
}

Result<BackupManifest> parse_manifest(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (all.is_discarded()) return wrong("it is no JSON");
  Reader reader(all);
  BackupManifest manifest;
  const std::string kind = reader.text("kind");
  if (kind != "app" && kind != "server") return wrong("no such kind: " + kind);
  manifest.kind = kind == "app" ? BackupManifest::Kind::app : BackupManifest::Kind::server;
  manifest.made_at = static_cast<std::int64_t>(reader.number("made_at"));
  manifest.instance = reader.text("instance");
  manifest.machine = reader.text("machine");
  const std::uint64_t schema = reader.number("schema");
  if (schema > 1'000'000) return wrong("no such schema");
  manifest.schema = static_cast<int>(schema);
  manifest.domains = reader.words("domains");
  manifest.global_config = reader.words("global_config");
  manifest.bytes = reader.number("bytes");
  for (const json& each : reader.list("apps")) {
    BackupApp app = TRY(read_app(each));
    manifest.apps.push_back(std::move(app));
  }
  for (const json& each : reader.list("images")) {
    BackupImage image = TRY(read_image(each));
    manifest.images.push_back(std::move(image));
  }
  if (!reader.fault().empty()) return wrong(reader.fault());
  const bool one_app = manifest.kind == BackupManifest::Kind::app;
  if (one_app && manifest.apps.size() != 1) return wrong("it is not of one app");
  return manifest;
}

}  // namespace dokku::server
