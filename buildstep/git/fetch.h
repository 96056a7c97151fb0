// A foreign pack out of a git repository, by libgit2.
//
// Runs in a worker under the build user: it speaks to strangers and unpacks what they send.
// https, http (smart), git, ssh, file and plain paths; submodules are fetched too. Over ssh the
// host's key must be known and the other side must accept ours. Errors: not_found (no such branch,
// tag or commit), permission_denied (ssh, with what to type), unavailable (cannot be reached).
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

struct GitFetch {
  std::string url;
  std::string ref;                  // branch, tag or commit; empty: the default branch
  std::string known_commit;         // what a cache has; empty: nothing
  std::filesystem::path directory;  // absolute; `directory`/tree is made
  std::string known_hosts;          // lines as ssh has them (sshd(8), SSH_KNOWN_HOSTS)
  std::string private_key;          // OpenSSH's or PEM; empty: none
};

// The commit's full id. Nothing is written when it is `known_commit`.
Result<std::string> fetch_tree(const GitFetch& what);

}  // namespace dokku::buildstep
