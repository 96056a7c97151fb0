// Replaces a file as a whole: readers see the old content or the new, also after a power cut.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace dokku {

// Writes beside `path`, syncs, renames over it, syncs the folder. Blocking.
Result<> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                               unsigned mode = 0600);

}  // namespace dokku
