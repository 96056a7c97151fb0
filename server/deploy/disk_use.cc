#include "server/deploy/disk_use.h"

#include <algorithm>
#include <map>
#include <set>

#include "server/model/volume.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

struct Layer {
  std::uint64_t bytes = 0;
  std::set<std::string> owners;  // apps; "" is the stack
};

// Every layer of every image once, by id.
Result<std::map<std::string, Layer>> layers_of(runtime::Images& images) {
  std::map<std::string, Layer> layers;
  const std::vector<runtime::StoredImage> all = TRY(images.stored());
  for (const runtime::StoredImage& image : all) {
    const std::string owner = app_of_image(image.ref.str());
    for (const runtime::StoredLayer& stored : image.layers) {
      Layer& layer = layers[stored.id];
      layer.bytes = stored.packed_bytes + stored.unpacked_bytes;
      layer.owners.insert(owner);
    }
  }
  return layers;
}

void add_layers(const std::map<std::string, Layer>& layers, AppDiskUse& use) {
  for (const auto& [id, layer] : layers) {
    if (!layer.owners.contains(use.app)) continue;
    (layer.owners.size() == 1 ? use.images_own : use.images_shared) += layer.bytes;
  }
}

// Bytes of the folders that the volumes are, each folder once.
Result<std::uint64_t> volume_bytes(const DeployParts& parts, AppId app) {
  const auto lines =
      TRY(parts.store.read([&](ReadTx& tx) { return property(tx, app, kStorageMounts); }));
  std::set<std::string> folders;
  for (const Volume& volume : parse_volumes(lines.value_or(""))) {
    const std::string folder = storage_folder(volume, parts.instance.storage_dir());
    if (!folder.empty()) folders.insert(folder);
  }
  std::uint64_t bytes = 0;
  for (const std::string& folder : folders) {
    bytes += disk_bytes(parts.instance.storage_dir() / folder);
  }
  return bytes;
}

Result<AppDiskUse> use_of(const DeployParts& parts, const std::map<std::string, Layer>& layers,
                          const App& app) {
  const Instance& instance = parts.instance;
  AppDiskUse use;
  use.app = app.name.str();
  add_layers(layers, use);
  use.cache = disk_bytes(app_cache(instance, use.app));
  use.sources = disk_bytes(instance.sources_dir() / use.app);
  use.repository = disk_bytes(instance.git_dir() / (use.app + ".git"));
  use.logs = disk_bytes(instance.logs_dir() / use.app);
  use.volumes = TRY(volume_bytes(parts, app.id));
  return use;
}

}  // namespace

Result<DiskUse> disk_use(const DeployParts& parts, const std::vector<App>& apps) {
  const Instance& instance = parts.instance;
  const std::map<std::string, Layer> layers = TRY(layers_of(parts.images));
  const runtime::ImageUsage stored = TRY(parts.images.usage());
  DiskUse use;
  for (const App& app : apps) {
    AppDiskUse one = TRY(use_of(parts, layers, app));
    use.apps.push_back(std::move(one));
  }
  std::stable_sort(use.apps.begin(), use.apps.end(),
                   [](const AppDiskUse& a, const AppDiskUse& b) { return a.own() > b.own(); });
  ServerDiskUse& server = use.server;
  for (const auto& [id, layer] : layers) server.images += layer.bytes;
  const std::uint64_t all = stored.content_bytes + stored.snapshot_bytes;
  server.containers = all > server.images ? all - server.images : 0;
  server.caches = disk_bytes(instance.cache_dir() / "apps");
  server.packs = disk_bytes(instance.cache_dir() / "packs");
  server.sources = disk_bytes(instance.sources_dir());
  server.repositories = disk_bytes(instance.git_dir());
  server.logs = disk_bytes(instance.logs_dir());
  server.volumes = disk_bytes(instance.storage_dir());
  server.builds = disk_bytes(instance.builds_dir());
  const std::string database = instance.database().string();
  for (const char* more : {"", "-wal", "-shm"}) server.database += disk_bytes(database + more);
  server.database += disk_bytes(instance.state_dir / "snapshots");
  return use;
}

Result<std::vector<DiskPlace>> disk_places(const DeployParts& parts, const DiskRules& rules) {
  std::vector<DiskPlace> places;
  for (const auto& folder : {parts.instance.state_dir, parts.instance.image_store_dir()}) {
    const DiskSpace space = TRY(parts.disk_space(folder));
    const bool known = std::any_of(places.begin(), places.end(), [&](const DiskPlace& place) {
      return place.space.file_system == space.file_system;
    });
    if (!known) places.push_back({folder.string(), space, rules.floor.of(space.all_bytes)});
  }
  return places;
}

}  // namespace dokku::server
