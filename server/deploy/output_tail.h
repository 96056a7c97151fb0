// The last lines that one container printed: shown when a deploy fails because of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dokku::server {

struct OutputOf {
  std::filesystem::path logs_dir;  // Instance::logs_dir()
  std::string app;
  std::string process;    // "web.1"
  std::string container;  // container id
};

// At most `lines`, oldest first; nothing when it printed nothing.
std::vector<std::string> last_output(const OutputOf& of, std::size_t lines);

}  // namespace dokku::server
