// BuildBoxes over a container runtime: one hardened container per build, PID 1 `init --serve`.
#pragma once

#include <filesystem>
#include <memory>

#include "buildstep/buildpack/build_box.h"
#include "buildstep/buildpack/builder.h"

namespace dokku::buildstep {

std::unique_ptr<BuildBoxes> container_boxes(const BuilderOptions& options,
                                            runtime::Containers& containers,
                                            runtime::Networks& networks);

}  // namespace dokku::buildstep
