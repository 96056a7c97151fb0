#include "server/platform/config.h"

#include <iterator>

#include "server/deploy/wanted.h"
#include "server/store/releases.h"

namespace dokku::server {

Result<ConfigValues> Config::values(const ConfigOwner& owner) {
  return store_.read([&](ReadTx& tx) { return config_values(tx, owner.id); });
}

Result<ConfigValues> Config::merged(const ConfigOwner& owner) {
  return store_.read([&](ReadTx& tx) { return merged_config(tx, owner.id); });
}

Result<std::optional<std::string>> Config::value(const ConfigOwner& owner, const std::string& key) {
  return store_.read([&](ReadTx& tx) { return config_value(tx, owner.id, key); });
}

// Who did it, and what the files of people will say.
Result<> Config::record(WriteTx& tx, const ConfigOwner& owner, const ConfigActor& actor,
                        const ConfigChange& done) {
  if (done.keys.empty()) return {};
  TRY(record_config_step(tx, owner.id,
                         {done.version, clock_.wall(), actor.who, actor.command, {}, {}}));
  return owner.global() ? Result<>() : record_mirror(tx, owner.id);
}

// One transaction.
template <class F>
Result<ConfigChange> Config::change(const ConfigOwner& owner, const ConfigActor& actor, F&& step) {
  const auto write = [&](WriteTx& tx) -> Result<ConfigChange> {
    ConfigChange done = TRY(step(tx));
    TRY(record(tx, owner, actor, done));
    return done;
  };
  ConfigChange done = TRY(store_.write(write));
  mirror_changed(owner, done);
  return done;
}

Result<ConfigChange> Config::set(const ConfigOwner& owner, const ConfigValues& values,
                                 const ConfigActor& actor) {
  return change(owner, actor, [&](WriteTx& tx) { return set_config(tx, owner.id, values); });
}

Result<std::uint64_t> Config::set_for_deploy(const App& app, const ConfigValues& values,
                                             const std::string& by) {
  const ConfigOwner owner{app.id, app.name.str()};
  const ConfigChange done = TRY(set(owner, values, {by, "app.json"}));
  return done.version;
}

Result<> Config::bring_back(WriteTx& tx, const App& app, std::uint64_t version,
                            const std::string& by) {
  const ConfigValues values = TRY(config_values_at(tx, app.id, version));
  const ConfigChange done = TRY(replace_config(tx, app.id, values));
  return record(tx, {app.id, app.name.str()}, {by, "releases:rollback"}, done);
}

Result<ConfigChange> Config::unset(const ConfigOwner& owner, const std::set<std::string>& keys,
                                   const ConfigActor& actor) {
  return change(owner, actor, [&](WriteTx& tx) { return unset_config(tx, owner.id, keys); });
}

Result<ConfigChange> Config::replace(const ConfigOwner& owner, const ConfigValues& values,
                                     const ConfigActor& actor) {
  return change(owner, actor, [&](WriteTx& tx) { return replace_config(tx, owner.id, values); });
}

Result<std::vector<ConfigStep>> Config::history(const ConfigOwner& owner) {
  return store_.read([&](ReadTx& tx) { return config_history(tx, owner.id); });
}

Result<ConfigDifference> Config::difference(const ConfigOwner& owner,
                                            std::optional<std::uint64_t> from,
                                            std::optional<std::uint64_t> to) {
  return store_.read([&](ReadTx& tx) -> Result<ConfigDifference> {
    ConfigDifference found;
    found.to = TRY(to ? kept_config_version(tx, owner.id, *to) : config_version(tx, owner.id));
    const std::uint64_t before = found.to == 0 ? 0 : found.to - 1;
    found.from = TRY(kept_config_version(tx, owner.id, from.value_or(before)));
    found.before = TRY(config_values_at(tx, owner.id, found.from));
    found.after = TRY(config_values_at(tx, owner.id, found.to));
    for (auto each = found.before.begin(); each != found.before.end();) {
      const auto same = found.after.find(each->first);
      const bool equal = same != found.after.end() && same->second == each->second;
      if (equal) found.after.erase(same);
      each = equal ? found.before.erase(each) : std::next(each);
    }
    return found;
  });
}

Result<ConfigChange> Config::undo(const ConfigOwner& owner, std::optional<std::uint64_t> version,
                                  const ConfigActor& actor) {
  return change(owner, actor, [&](WriteTx& tx) -> Result<ConfigChange> {
    const std::uint64_t now = TRY(config_version(tx, owner.id));
    if (now == 0) return fail(Errc::invalid_argument, "There is no change to undo");
    const std::uint64_t back = TRY(kept_config_version(tx, owner.id, version.value_or(now - 1)));
    const ConfigValues values = TRY(config_values_at(tx, owner.id, back));
    return replace_config(tx, owner.id, values);
  });
}

Result<bool> Config::needs_restart(const ConfigOwner& owner) {
  if (owner.global()) return false;
  return store_.read([&](ReadTx& tx) -> Result<bool> {
    const App app = TRY(find_app(tx, owner.name));
    const bool restored = TRY(is_restored(tx, app.id));
    if (app.stopped || !restored) return false;
    const std::optional<Release> live = TRY(live_release(tx, app.id));
    return live.has_value();
  });
}

void Config::mirror_changed(const ConfigOwner& owner, const ConfigChange& change) {
  if (owner.global() || change.keys.empty()) return;
  const Result<App> app = store_.read([&](ReadTx& tx) { return find_app(tx, owner.name); });
  if (app) mirror_.write(*app);
}

}  // namespace dokku::server
