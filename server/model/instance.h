// Instance: all that one installation owns, derived from one small file.
//
// Production is /etc/dokku/instance.json; the quickstart and each system test write another one, so
// that several instances live side by side. Read by dokkud (--config FILE) and by packaging.
// JSON shape: docs/formats.md. Every key but `name` and `root` has a default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::server {

struct Instance {
  std::string name;                 // [a-z0-9]{1,12}; "dokku" in production
  std::filesystem::path state_dir;  // /var/lib/dokku, or ROOT/lib: database, sources, logs, caches
  std::filesystem::path home_dir;   // /home/dokku, or ROOT/home: VHOST, APP/ENV, .ssh
  std::filesystem::path run_dir;    // /run/dokku, or ROOT/run: sockets, FIFOs, mounts; may be lost
  std::filesystem::path helpers_dir;  // dokku-init, dokku-log, dokku-receive, hooks, packs
  std::filesystem::path stack_dir;    // built stack layers; may be shared by instances
  std::string user = "dokku";         // owner of git repositories, ssh user
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 443;  // 0: the proxy speaks no TLS on a port of all apps
  std::uint16_t ssh_port = 22;  // only for what we print
  std::filesystem::path containerd_socket;
  bool private_containerd = false;        // dokkud starts it when the socket does not answer
  std::filesystem::path containerd_root;  // of the private one
  // Build-only variables for every app, masked in output ("NPM_CONFIG_REGISTRY").
  std::filesystem::path build_env_file;  // K=V lines, root-only; may be missing

  std::string containerd_namespace() const { return name == "dokku" ? "dokku" : "dokku-" + name; }
  std::string cgroup_parent() const { return "/" + containerd_namespace(); }
  std::filesystem::path database() const { return state_dir / "dokku.db"; }
  std::filesystem::path command_socket() const { return run_dir / "dokku.sock"; }
  std::filesystem::path proxy_socket() const { return run_dir / "proxy.sock"; }
  std::filesystem::path git_dir() const { return state_dir / "git"; }  // <app>.git, uid dokku
  std::filesystem::path sources_dir() const { return state_dir / "sources"; }  // kept trees, zstd
  std::filesystem::path builds_dir() const { return state_dir / "builds"; }
  std::filesystem::path cache_dir() const { return state_dir / "cache"; }
  std::filesystem::path logs_dir() const { return state_dir / "logs"; }  // <app>/<process>/…
  std::filesystem::path daemon_logs_dir;  // what our programs print where no journal takes it
  std::filesystem::path proxy_logs_dir;  // <app>-access.log, <app>-error.log; the proxy writes them

  // Folders that apps share with the host; root's own, so that nobody puts links into it.
  std::filesystem::path storage_dir() const { return state_dir / "data" / "storage"; }

  // Where the container runtime keeps images.
  std::filesystem::path image_store_dir() const {
    return private_containerd ? containerd_root : std::filesystem::path("/var/lib/containerd");
  }

  // invalid_argument names the key and what is wrong with it.
  static Result<Instance> load(const std::filesystem::path& file);
  // {"name":"t1","root":"/srv/x","http_port":8080,…}: state, home and run below root unless given.
  static Result<Instance> parse(std::string_view text);
};

}  // namespace dokku::server
