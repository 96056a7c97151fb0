// What a file system has left, what a tree takes of it, and bytes as people write them.
//
// Threads: any; calls block on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku {

struct DiskSpace {
  std::uint64_t free_bytes = 0;  // for root too: what the file system keeps back is not counted
  std::uint64_t all_bytes = 0;
  std::uint64_t file_system = 0;  // equal: the same one
};

// Of the file system that `path`, or the nearest folder above that exists, lies on.
Result<DiskSpace> disk_space(const std::filesystem::path& path);

// What the tree takes, each inode once. Follows no links and enters no other file system. What is
// not there, or goes meanwhile, takes nothing.
std::uint64_t disk_bytes(const std::filesystem::path& tree);

// "0 B", "12 KB", "1.5 GB": two digits at least, powers of 1024 as `df -h` has them.
std::string byte_words(std::uint64_t bytes);

}  // namespace dokku
