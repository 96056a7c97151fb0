// GitHosts: how this server fetches from git hosts over ssh: whom it trusts, and by which key it is
// known there. For git:allow-host, git:generate-deploy-key, git:public-key.
//
// Both are files where ssh has them, home_dir/.ssh/known_hosts and id_ed25519, so that those of an
// old server can be copied. Root's own; a build's worker gets them as text. Threads: any.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "base/result.h"
#include "server/model/instance.h"
#include "server/platform/strangers.h"

namespace dokku::server {

// "github.com", "git.example.com:2222", "[git.example.com]:2222".
struct GitHost {
  std::string name;
  std::uint16_t port = 22;

  // invalid_argument: "Invalid host specified: X".
  static Result<GitHost> parse(const std::string& text);
  // As known_hosts names it: with brackets and port when the port is not 22.
  std::string known_as() const;
};

class GitHosts {
 public:
  GitHosts(const Instance& instance, const Strangers& strangers)
      : instance_(instance), strangers_(strangers) {}

  struct Allowed {
    std::string key_type;     // "ssh-ed25519"
    std::string fingerprint;  // "SHA256:…"
    bool already = false;     // it was trusted with this very key
  };
  // Asks the host for its key and writes it down. A host that shows another key than the one
  // before is refused (conflict): that is what the file is for.
  Result<Allowed> allow(const GitHost& host);

  // already_exists: there is one.
  Result<> generate_key();
  // One line. not_found is not for this: conflict when there is none.
  Result<std::string> public_key();

 private:
  std::filesystem::path ssh_dir() const { return instance_.home_dir / ".ssh"; }

  const Instance& instance_;
  const Strangers strangers_;
  std::mutex mutex_;  // one writer of the files
};

}  // namespace dokku::server
