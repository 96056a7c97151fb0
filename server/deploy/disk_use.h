// What uses the disk: of each app and of the server.
//
// Measured when asked, by looking: container runtime, folders. Threads: any; blocks for as long as
// the folders are large. Volumes outside the storage directory are the host's, and not looked at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/disk.h"
#include "server/deploy/disk_rules.h"
#include "server/deploy/pipeline.h"

namespace dokku::server {

struct AppDiskUse {
  std::string app;
  std::uint64_t images_own = 0;     // layers that no other app and no stack has
  std::uint64_t images_shared = 0;  // the other layers of its images
  std::uint64_t cache = 0;          // what makes its next build faster
  std::uint64_t sources = 0;        // kept with its releases
  std::uint64_t repository = 0;     // what git pushes to
  std::uint64_t logs = 0;
  std::uint64_t volumes = 0;  // its folders of the storage directory

  // What would go with the app.
  std::uint64_t own() const { return images_own + cache + sources + repository + logs; }
};

struct ServerDiskUse {
  std::uint64_t images = 0;      // every layer once, packed and unpacked
  std::uint64_t containers = 0;  // what processes wrote outside volumes, and what is on its way out
  std::uint64_t caches = 0, sources = 0, repositories = 0, logs = 0, volumes = 0;
  std::uint64_t packs = 0;     // buildpacks that were fetched
  std::uint64_t builds = 0;    // running ones
  std::uint64_t database = 0;  // with its snapshots

  // What counts against the budget: all that this program decides about.
  std::uint64_t budgeted() const {
    return images + containers + caches + sources + repositories + logs + packs + builds;
  }
};

struct DiskUse {
  std::vector<AppDiskUse> apps;  // the largest first
  ServerDiskUse server;
};
// `apps`: which ones. The server's part knows all.
Result<DiskUse> disk_use(const DeployParts& parts, const std::vector<App>& apps);

// One file system that this instance writes to.
struct DiskPlace {
  std::string where;
  DiskSpace space;
  std::uint64_t floor_bytes = 0;

  bool short_of_room() const { return space.free_bytes < floor_bytes; }
};
// That of the state, and that of the images when it is another one.
Result<std::vector<DiskPlace>> disk_places(const DeployParts& parts, const DiskRules& rules);

}  // namespace dokku::server
