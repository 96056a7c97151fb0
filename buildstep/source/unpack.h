// A stranger's tar into a fresh directory, or a refusal that names the entry.
//
// Runs in a worker under the build user (buildstep/source/worker_call.h), in process for tests.
// Refused by name: absolute names, "..", links that lead outside, links in the middle of a name,
// hard links to anything but a file unpacked before, devices, FIFOs, setuid and setgid bits, and
// whatever goes over the limits. Every step is an …at() call beneath the target that follows no
// link, so that an entry cannot lead outside by any other way either.
// Threads: any. Errors: invalid_argument, limit_exceeded, internal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::buildstep {

struct UnpackLimits {
  std::uint64_t files_max = 200'000;
  std::uint64_t bytes_max = 2ULL << 30;
};

struct Unpacked {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// Plain, gzip, bzip2, xz or zstd. What was unpacked before an error stays in `target_dir`.
Result<Unpacked> unpack_tar(int tar_fd, int target_dir, const UnpackLimits& limits);

// Whether a symbolic link at `path` (relative to the root of a tree) with this target stays inside
// by its names alone.
bool link_stays_inside(std::string_view path, std::string_view target);

}  // namespace dokku::buildstep
