// What bin/release prints: YAML of a stranger's, read in a worker (docs/buildpacks.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace dokku::buildstep {

struct ReleaseInfo {
  std::map<std::string, std::string> processes;  // default_process_types
  std::map<std::string, std::string> config_vars;
  std::vector<std::string> addons;
  friend bool operator==(const ReleaseInfo&, const ReleaseInfo&) = default;
};

// The worker's half: YAML to the plain lines that decode_release reads. Throws nothing.
// invalid_argument: not YAML, or a list where a map belongs.
Result<std::string> yaml_to_lines(std::string_view yaml);

Result<ReleaseInfo> decode_release(std::string_view lines);

// Both, with the worker between. Nothing printed: an empty ReleaseInfo, without a worker.
Result<ReleaseInfo> read_release(const std::string& worker_program, std::string_view yaml,
                                 const CancelToken& cancel);

}  // namespace dokku::buildstep
