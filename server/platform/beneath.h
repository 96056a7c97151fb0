// Files below a folder that others may write to, never through a link (openat2 with
// RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
//
// Used for home_dir. Blocking, microseconds; nothing is synced: these files are derived.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::server {

// Device, inode, size and time of change, to see whether a file is still the one that was read.
// Empty: there is none, or it is no regular file.
std::string identity_beneath(const std::filesystem::path& root, const std::string& path);

// limit_exceeded: over 1 MiB.
Result<std::string> read_beneath(const std::filesystem::path& root, const std::string& path);

struct BeneathFile {
  const std::filesystem::path& root;
  std::string folder;  // made when it is missing (0755), if of one level; empty: the root itself
  std::string name;
  unsigned mode;
};

// Writes a new file beside and renames it over.
Result<> replace_beneath(const BeneathFile& file, const std::string& text);
// Fine when it is not there.
Result<> remove_beneath(const BeneathFile& file);
// Only when it is empty: other people's files stay.
Result<> remove_folder_beneath(const std::filesystem::path& root, const std::string& folder);

}  // namespace dokku::server
