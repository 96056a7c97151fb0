// A trusted root directory, or the upper folder of an overlay over one, as a zstd layer.
//
// Used by buildstep/stack for what a package manager made. Owners, modes and hard links are kept;
// times are fixed, sockets and devices are left out; an overlay's whiteouts and opaque folders
// become OCI's (image-spec layer.md). Threads: any.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::buildstep {

struct RootLayerOptions {
  // Folders whose content is left out, relative: "dev", "var/lib/apt/lists".
  std::vector<std::string> emptied;
  // The roots below an upper folder. overlayfs marks every folder that it makes as opaque; only one
  // that hides a folder of these is written so, since layers made apart are stacked later.
  std::vector<std::filesystem::path> lowers;
};

// Writes `file`; a half-written one is removed on failure.
Result<runtime::LayerFile> write_root_layer(const std::filesystem::path& root,
                                            const std::filesystem::path& file,
                                            const RootLayerOptions& options);

}  // namespace dokku::buildstep
