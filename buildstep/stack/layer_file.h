// The note beside each layer file of the stack: NAME.json next to NAME.tar.zst (docs/formats.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::buildstep {

// Written last, so that a layer without a note does not exist.
Result<> write_layer_note(const std::filesystem::path& directory, const std::string& name,
                          const runtime::LayerFile& layer,
                          const std::vector<std::string>& packages);

// not_found: no such layer, or it is of other packages.
Result<runtime::LayerFile> read_layer_note(const std::filesystem::path& directory,
                                           const std::string& name,
                                           const std::vector<std::string>& packages);

}  // namespace dokku::buildstep
