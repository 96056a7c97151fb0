// Installs Debian packages into an overlay over a root, in mount and pid namespaces of its own.
//
// `dokku-worker install-layer LOWER HOME PACKAGE…`, as root: LOWER is overlayfs's lowerdir list,
// HOME/upper receives the layer. Mounts and processes end with the worker, however it ends.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace dokku::buildstep {

// The worker's side. The answer is empty.
Result<std::string> install_layer_task(const std::vector<std::string>& arguments);

}  // namespace dokku::buildstep
