// Release: one state of an app that can run: image, config version, process table, who and why.
//
// A row never changes but in `state`. Made by server/deploy, kept by server/store.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/config.h"

namespace dokku::server {

//  building ──> built ──> starting ──> live ──> retired
//      └──────────┴──────────┴──> failed         │
//                            starting <──────────┘ (rollback, or a stopped app that starts again)
// One stays `built` when it is not to be deployed yet (ps:set skip-deploy). A second `live` of one
// app appears in the transaction that retires the first.
enum class ReleaseState { building, built, starting, live, retired, failed };

constexpr bool can_become(ReleaseState from, ReleaseState to) {
  switch (from) {
    case ReleaseState::building:
      return to == ReleaseState::built || to == ReleaseState::failed;
    case ReleaseState::built:
      return to == ReleaseState::starting || to == ReleaseState::failed;
    // An app without running processes (web=0, stopped) becomes live without a switch.
    case ReleaseState::starting:
      return to == ReleaseState::live || to == ReleaseState::failed;
    case ReleaseState::live:
      return to == ReleaseState::retired;
    case ReleaseState::retired:
      return to == ReleaseState::starting;
    case ReleaseState::failed:
      return false;
  }
  return false;
}

std::string_view name_of(ReleaseState state);
Result<ReleaseState> parse_release_state(std::string_view text);

struct Release {
  std::uint64_t number = 0;  // counts up per app, from 1; given by the store
  ReleaseState state = ReleaseState::building;
  std::string image_ref;     // "dokku/blog:r12"; empty until built
  std::string image_digest;  // "sha256:…"
  ConfigVersion config;
  std::map<std::string, std::string> processes;        // type to command, as the Procfile says
  std::map<std::string, std::string> config_defaults;  // of the packs; an app's own value wins
  std::map<std::string, std::string> files;            // small files of the tree: app.json, CHECKS
  bool has_procfile = false;
  std::string source_file;   // name below Instance::sources_dir(); empty: no source kept
  std::string revision;      // full commit id, or empty
  std::string git_ref;       // "refs/heads/main"
  std::string pack;          // "Node.js"
  std::uint16_t port = 0;    // PORT of its processes, by the port map of then; 0: the usual one
  std::string build_inputs;  // fingerprint of all that went into the build; equal: "unchanged"
  std::string by;            // who: a key's name, or a unix user
  std::string why;           // "git-push", "config:set", "ps:rebuild"
  WallTime created_at{};
  friend bool operator==(const Release&, const Release&) = default;
};

}  // namespace dokku::server
