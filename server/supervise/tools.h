// The programs and files of ours that containers keep using while the product is upgraded.
//
// dokku-init, dokku-log, the start script and a hosts file are copied to
// state_dir/helpers/<hash of their content>/, which is never changed afterwards: a running
// container has it mounted as /.dokku, and a logger runs from it. Used by dokkud at its start.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace dokku::server {

struct ContainerTools {
  std::filesystem::path directory;  // init, log, start, hosts
  std::filesystem::path init() const { return directory / "init"; }
  std::filesystem::path log() const { return directory / "log"; }
  std::filesystem::path start() const { return directory / "start"; }
  std::filesystem::path hosts() const { return directory / "hosts"; }
};

// Copies what is missing. not_found: `programs` lacks dokku-init or dokku-log.
Result<ContainerTools> install_tools(const std::filesystem::path& programs,
                                    const std::filesystem::path& state_dir);

// Where containers see it.
inline constexpr const char* kToolsInContainer = "/.dokku";

}  // namespace dokku::server
