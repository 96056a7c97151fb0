// The system call filter of every container.
//
// Threads: any. Source: OCI runtime-spec config-linux.md, "seccomp".
#pragma once

#include <string>

namespace dokku::runtime::oci {

// JSON in the runtime-spec's form, for the architecture that this program was built for.
std::string seccomp_profile();

}  // namespace dokku::runtime::oci
