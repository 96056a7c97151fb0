// Files of a stranger's tree, reached without leaving it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::buildstep {

// The text of a plain file, reached by links that stay inside; nothing: there is none, or it is
// larger than 1 MiB.
std::optional<std::string> read_beneath(int tree, const std::string& path);

// A folder, reached without links. not_found: there is no folder of this name.
Result<UniqueFd> open_folder_beneath(int tree, const std::string& path);

}  // namespace dokku::buildstep
