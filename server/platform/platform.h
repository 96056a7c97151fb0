// Platform: the facade that commands call, one member per topic.
//
// programs/dokkud builds the parts and passes them in. Nothing here prints; results are values and
// errors. Threads: any. A later HTTP API calls the same members.
// Errors: not_found means that the app does not exist, and nothing else (commands make it status
// 20); messages are lines for people, in Dokku's words where it has some.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "server/deploy/deploys.h"
#include "server/doctor/doctor.h"
#include "server/model/instance.h"
#include "server/model/key_role.h"
#include "server/platform/apps.h"
#include "server/platform/backups.h"
#include "server/platform/builds.h"
#include "server/platform/certs.h"
#include "server/platform/config.h"
#include "server/platform/disk.h"
#include "server/platform/domains.h"
#include "server/platform/events.h"
#include "server/platform/git.h"
#include "server/platform/git_hosts.h"
#include "server/platform/keys.h"
#include "server/platform/lifecycle.h"
#include "server/platform/mirror.h"
#include "server/platform/ports.h"
#include "server/platform/properties.h"
#include "server/platform/setup.h"
#include "server/platform/strangers.h"
#include "server/platform/upgrades.h"
#include "server/store/store.h"

namespace dokku::server {

// All borrowed for the life of the platform.
struct PlatformParts {
  const Instance& instance;
  Store& store;
  const Clock& clock;
  Lifecycle& lifecycle;
  // Where processes run and how they get there. Null in tests of topics that need neither.
  Deploys* deploys = nullptr;
  Executor* executor = nullptr;
  Strangers strangers = {};
  // What `doctor` looks at besides. Null as well: it looks at less.
  HostView* host = nullptr;
  runtime::Containers* containers = nullptr;
  runtime::Networks* networks = nullptr;
  std::filesystem::path config_file = {};  // of the instance, for dokku-supervise
  // Null: nobody shows the set-up page.
  SetupDoor* setup_door = nullptr;
};

class Platform {
  // What is one for all callers, since it remembers.
  struct Shared {
    explicit Shared(const PlatformParts& parts)
        : mirror(parts.instance, parts.store, parts.clock),
          keys(parts.instance, parts.store, parts.clock, parts.setup_door),
          events(parts.store, parts.clock),
          git_hosts(parts.instance, parts.strangers),
          upgrades(parts.instance, parts.store, parts.containers, parts.config_file) {}
    Mirror mirror;
    Keys keys;
    Events events;
    GitHosts git_hosts;
    Upgrades upgrades;
  };

 public:
  explicit Platform(const PlatformParts& parts)
      : Platform(parts, std::make_shared<Shared>(parts), AppScope()) {}
  // The same platform as a caller with `app_scope` finds it: other apps do not exist. Costs no
  // more than a few pointers: made for each call of such a key.
  Platform(const Platform& whole, AppScope app_scope)
      : Platform(whole.parts_, whole.shared_, std::move(app_scope)) {}
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

 private:
  Platform(const PlatformParts& parts, std::shared_ptr<Shared> shared, AppScope app_scope)
      : parts_(parts),
        shared_(std::move(shared)),
        instance(parts.instance),
        store(parts.store),
        clock(parts.clock),
        lifecycle(parts.lifecycle),
        deploys(parts.deploys),
        executor(parts.executor),
        scope(std::move(app_scope)),
        mirror(shared_->mirror),
        apps(instance, store, clock, lifecycle, mirror, parts.deploys, scope),
        config(store, clock, mirror),
        disk(parts.deploys),
        builds(instance, store),
        domains(instance, store, lifecycle, mirror),
        ports(store),
        certs(store, clock, parts_.strangers),
        keys(shared_->keys),
        git(store),
        git_hosts(shared_->git_hosts),
        properties(store),
        events(shared_->events),
        setup(instance, store, clock, mirror, keys, domains, events, parts.setup_door),
        doctor(
            {instance, store, clock, parts.host, parts.executor, parts.containers, parts.networks}),
        backups({instance, store, clock, lifecycle, mirror, keys, parts.deploys}),
        upgrades(shared_->upgrades) {}

  const PlatformParts parts_;
  const std::shared_ptr<Shared> shared_;

 public:
  const Instance& instance;
  Store& store;
  const Clock& clock;
  Lifecycle& lifecycle;
  Deploys* deploys;
  Executor* executor;
  const AppScope scope;
  Mirror& mirror;
  Apps apps;
  Config config;
  Disk disk;
  Builds builds;
  Domains domains;
  Ports ports;
  Certs certs;
  Keys& keys;
  Git git;
  GitHosts& git_hosts;
  Properties properties;
  Events& events;
  Setup setup;
  const DoctorParts doctor;  // for examine()
  Backups backups;
  Upgrades& upgrades;
};

}  // namespace dokku::server
