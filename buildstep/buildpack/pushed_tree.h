// Stage "unpack": what was pushed becomes the tree that packs see.
//
// The tar, unpacked by a worker; its submodules; then the folder of it that is built. Errors:
// invalid_argument for what is wrong with the tree, else the worker's.
#pragma once

#include <string>

#include "base/cancel.h"
#include "base/unique_fd.h"
#include "buildstep/api/builder.h"
#include "buildstep/buildpack/build_dirs.h"
#include "buildstep/buildpack/git_worker.h"

namespace dokku::buildstep {

struct PushedTree {
  const BuildRequest& request;
  const BuildDirs& dirs;
  const std::string& worker_program;
  const GitWorker& git;
  Output& output;
  const CancelToken& cancel;
};

// dirs.tree(), filled, opened.
Result<UniqueFd> lay_out_tree(const PushedTree& pushed);

}  // namespace dokku::buildstep
