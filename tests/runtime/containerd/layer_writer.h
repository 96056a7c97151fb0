// Layers for the tests' images: a tar, plain or zstd, of a few files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/api/images.h"

namespace dokku::testing {

struct TarEntry {
  std::string path;
  unsigned mode = 0644;
  std::string content;
  bool directory = false;
};

runtime::LayerFile write_layer(const std::filesystem::path& at,
                               const std::vector<TarEntry>& entries, bool zstd = false);

// testbox, and the directories that a container's mounts need.
std::vector<TarEntry> testbox_entries();

}  // namespace dokku::testing
