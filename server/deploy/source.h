// Stage "source": the pushed tree, kept compressed beside the release that is made of it.
//
// A file is named after its content, so the same tree pushed twice is one file. Kept below
// Instance::sources_dir() as <app>/<digest>.tar.zst; what no kept release names is removed by
// prune.cc. The bytes are a stranger's: they are hashed and compressed here, never parsed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include "base/cancel.h"
#include "base/result.h"

namespace dokku::server {

struct KeptSource {
  std::string file;    // below the directory of sources: "blog/3a7b….tar.zst"
  std::string digest;  // of the tar, "sha256:…"
  std::uint64_t bytes = 0;
};

struct SourcePlace {
  std::filesystem::path directory;
  std::string app;
};

// More is refused before it is written: the limit of a tree and its tar's own overhead.
inline constexpr std::uint64_t kSourceBytesMax = (2ULL << 30) + (512ULL << 20);

// Reads a tar from `tar_fd` to its end. When this returns the file is on the disk.
// cancelled; limit_exceeded; invalid_argument: nothing came.
Result<KeptSource> keep_source(int tar_fd, const SourcePlace& place, const CancelToken& cancel);

// Removes all files of the app but those named.
Result<> remove_other_sources(const SourcePlace& place, const std::set<std::string>& keep);

}  // namespace dokku::server
