// Config: environment variables of apps, and the global ones.
//
// Every change is one transaction and one version; equal values change nothing. Restarting is the
// caller's next step (`needs_restart`), so that a command can print in between.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "server/platform/mirror.h"
#include "server/store/config.h"
#include "server/store/config_history.h"

namespace dokku::server {

// An app, or all of them.
struct ConfigOwner {
  AppId id = AppId::global;
  std::string name = "--global";
  bool global() const { return id == AppId::global; }
};

// Who changes it, for the history.
struct ConfigActor {
  std::string who;
  std::string command;
};

// From one version to a later one (or back), key by key.
struct ConfigDifference {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  ConfigValues before;  // of keys that differ, as far as they were set
  ConfigValues after;
};

class Config {
 public:
  Config(Store& store, const Clock& clock, Mirror& mirror)
      : store_(store), clock_(clock), mirror_(mirror) {}

  Result<ConfigValues> values(const ConfigOwner& owner);
  Result<ConfigValues> merged(const ConfigOwner& owner);
  Result<std::optional<std::string>> value(const ConfigOwner& owner, const std::string& key);
  Result<ConfigChange> set(const ConfigOwner& owner, const ConfigValues& values,
                           const ConfigActor& actor);
  // For a rollback: the values of `version` again, as a new version, in the transaction of its
  // switch; after the commit `written`.
  Result<> bring_back(WriteTx& tx, const App& app, std::uint64_t version, const std::string& by);
  void written(const App& app) { mirror_.write(app); }
  // What a deploy found in app.json. The app's version afterwards.
  Result<std::uint64_t> set_for_deploy(const App& app, const ConfigValues& values,
                                       const std::string& by);
  Result<ConfigChange> unset(const ConfigOwner& owner, const std::set<std::string>& keys,
                             const ConfigActor& actor);
  Result<ConfigChange> replace(const ConfigOwner& owner, const ConfigValues& values,
                               const ConfigActor& actor);

  // The newest first.
  Result<std::vector<ConfigStep>> history(const ConfigOwner& owner);
  // No versions: what the last change did. invalid_argument: a version that is not kept.
  Result<ConfigDifference> difference(const ConfigOwner& owner, std::optional<std::uint64_t> from,
                                      std::optional<std::uint64_t> to);
  // Makes the values what they were in `version` (none: before the last change), as a new version.
  Result<ConfigChange> undo(const ConfigOwner& owner, std::optional<std::uint64_t> version,
                            const ConfigActor& actor);

  // Deployed, and not stopped by hand.
  Result<bool> needs_restart(const ConfigOwner& owner);

 private:
  Result<> record(WriteTx& tx, const ConfigOwner& owner, const ConfigActor& actor,
                  const ConfigChange& done);
  template <class F>
  Result<ConfigChange> change(const ConfigOwner& owner, const ConfigActor& actor, F&& step);
  void mirror_changed(const ConfigOwner& owner, const ConfigChange& change);
  Store& store_;
  const Clock& clock_;
  Mirror& mirror_;
};

}  // namespace dokku::server
