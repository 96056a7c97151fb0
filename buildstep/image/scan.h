// A list of what is in a stranger's tree, sorted, by layer. Used by layers.cc alone.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::buildstep {

enum class Part { runtime, dependencies, app };
inline constexpr std::array<const char*, 3> kPartNames{"runtime", "dependencies", "app"};

struct ScannedEntry {
  std::string path;  // relative to the tree, never empty, no leading or trailing slash
  mode_t mode = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  bool several_names = false;
};

struct Scan {
  std::array<std::vector<ScannedEntry>, 3> parts;  // by Part, each sorted as a walk goes
  std::vector<std::string> skipped;
};

Part part_of(const std::string& path);

Result<Scan> scan_tree(int tree, std::uint64_t entries_max);

}  // namespace dokku::buildstep
