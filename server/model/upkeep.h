// Upkeep: what else instance.json says, for those who keep an instance running.
//
// Read by dokku-supervise and by dokkud's main; nobody else needs it. The same file as Instance's,
// with defaults that follow from it. JSON shape: docs/formats.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/model/instance.h"

namespace dokku::server {

struct Upkeep {
  std::filesystem::path daemon_logs_dir;  // what our programs print where no journal takes it
  std::filesystem::path proxy_snapshot;   // its routes at the next start
  // Of the instance's own sshd; empty: the host's serves it (the package's drop-in).
  std::filesystem::path sshd_config;
  std::string cgroup_parent;   // "/dokku.slice/dokku-apps.service"; else the instance's own
  std::string subnet;          // of containers, "10.83.0.0/20"; empty: one that is free is chosen
  bool prepare_stack = false;  // dokkud builds the stack at its start, before anybody pushes

  // invalid_argument names the key and what is wrong with it.
  static Result<Upkeep> load(const std::filesystem::path& file, const Instance& instance);
  static Result<Upkeep> parse(std::string_view text, const Instance& instance);
};

}  // namespace dokku::server
