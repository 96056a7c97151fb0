// Git repositories of elsewhere, fetched by a worker: packs and submodules.
//
// Over ssh with the server's own key and the hosts that git:allow-host trusts; both are files of
// one folder, read anew for each fetch, and handed to the worker as text: the build user cannot
// reach them. Threads: any. Errors: the worker's; permission_denied with what to type.
#pragma once

#include <filesystem>
#include <string>

#include "base/cancel.h"
#include "base/result.h"

namespace dokku::buildstep {

inline constexpr const char* kKnownHosts = "known_hosts";
inline constexpr const char* kDeployKey = "id_ed25519";

class GitWorker {
 public:
  // `ssh_dir` may be empty or missing: then no key is shown and no host is known.
  GitWorker(std::string program, std::filesystem::path ssh_dir)
      : program_(std::move(program)), ssh_dir_(std::move(ssh_dir)) {}

  struct Wanted {
    std::string url;
    std::string ref;           // branch, tag or commit; empty: the default branch
    std::string known_commit;  // what a cache has; empty: nothing
  };
  // Into <`into`>/tree, which is made; `into` is a folder of the build user's. The commit's full
  // id; nothing is written when it is the known one.
  Result<std::string> fetch(const Wanted& wanted, int into, const CancelToken& cancel) const;

 private:
  std::string program_;
  std::filesystem::path ssh_dir_;
};

// What the worker reads from its standard input.
struct SshAccess {
  std::string known_hosts;
  std::string private_key;

  std::string text() const;
  static SshAccess parse(const std::string& text);
};

}  // namespace dokku::buildstep
