// The predeploy task of an app (app.json's scripts.dokku.predeploy): a command of its own, run once
// in the tree that the packs have finished. What it changes there is part of the image.
#pragma once

#include <string>

#include "buildstep/api/builder.h"
#include "buildstep/buildpack/build_box.h"
#include "buildstep/buildpack/environment.h"

namespace dokku::buildstep {

struct Predeploy {
  const BuildRequest& request;
  const std::string& command;  // for a shell that stops at the first failure
  const Variables& variables;  // as the app's processes will find them
};

// `box` was opened with `built`. Prints what it does. invalid_argument: "Execution of predeploy
// task failed: COMMAND" and why.
Result<> run_predeploy(BuildBox& box, const Predeploy& task, Output& output,
                       const CancelToken& cancel);

}  // namespace dokku::buildstep
