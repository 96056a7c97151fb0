// A branch of a bare repository, made to name what it named when a push began.
//
// Called by dokku-receive: git moves a branch after its hook, but only when it is where it was at
// the push's beginning. A push that waited for another one's deploy finds it moved, and what was
// just deployed would be refused. What is deployed is the truth; the branch only follows it.
// Threads: any. Errors: not_found (no such object), internal.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

struct BranchAt {
  std::string ref;     // "refs/heads/main"
  std::string commit;  // full hex id; all zeros: there is no such branch
};

// Success when it is so already.
Result<> put_branch(const std::filesystem::path& bare_repository, const BranchAt& branch);

}  // namespace dokku::buildstep
