// One build from start to end. executor.cc's Build::run is its table of contents.
#pragma once

#include <filesystem>
#include <string>

#include "buildstep/api/builder.h"
#include "buildstep/buildpack/build_box.h"
#include "buildstep/buildpack/git_worker.h"
#include "buildstep/buildpack/pack_store.h"
#include "buildstep/buildpack/trash.h"
#include "buildstep/stack/stack.h"

namespace dokku::buildstep {

struct ExecutorParts {
  BuildBoxes& boxes;
  Stack& stack;
  runtime::Images& images;
  const PackStore& packs;
  std::filesystem::path builds_dir;
  std::filesystem::path run_dir;
  std::string worker_program;
  Trash& trash;
  const GitWorker& git;
};

Result<BuildResult> execute_build(const ExecutorParts& parts, const BuildRequest& request,
                                  Output& output, const CancelToken& cancel);

}  // namespace dokku::buildstep
