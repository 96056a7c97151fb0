// Part of Backups: a whole server out of a backup.
#include <algorithm>
#include <set>

#include "base/atomic_file.h"
#include "base/io.h"
#include "server/deploy/wanted.h"
#include "server/platform/backups.h"
#include "server/platform/domains.h"
#include "server/platform/host.h"
#include "server/platform/placing.h"
#include "server/platform/routing.h"
#include "server/store/calls.h"
#include "server/store/domains.h"
#include "server/store/keys.h"
#include "server/store/properties.h"
#include "server/store/releases.h"
#include "server/store/table_rows.h"

namespace dokku::server {
namespace {

constexpr const char* kShownHost = "domains.shown-host";
constexpr int kNamesMax = 1000;

std::string names_of(const std::vector<App>& apps) {
  std::string names;
  for (const App& app : apps) names += (names.empty() ? "" : ", ") + app.name.str();
  return names;
}

// "blog.old.example" below "old.example" becomes "blog.new.example".
std::string moved_name(const std::string& name, const std::vector<Domain>& old, const Domain& to) {
  for (const Domain& each : old) {
    if (name == each.str()) return to.str();
    if (name.ends_with("." + each.str())) {
      return name.substr(0, name.size() - each.str().size()) + to.str();
    }
  }
  return name;
}

Result<> move_domains(WriteTx& tx, const Domain& to) {
  const std::vector<Domain> old = TRY(list_domains(tx, AppId::global));
  TRY(clear_domains(tx, AppId::global));
  TRY(add_domain(tx, AppId::global, to));
  TRY(set_property(tx, AppId::global, kShownHost, std::nullopt));
  const std::vector<App> apps = TRY(list_apps(tx));
  for (const App& app : apps) {
    const std::vector<Domain> names = TRY(list_domains(tx, app.id));
    TRY(clear_domains(tx, app.id));
    for (const Domain& name : names) {
      const Domain moved = TRY(Domain::parse(moved_name(name.str(), old, to)));
      TRY(add_domain(tx, app.id, moved));
    }
  }
  return {};
}

}  // namespace

class Restore {
 public:
  Restore(Backups& parts, const RestoreWish& wish, Progress& progress, const TransferDir& dir)
      : parts_(parts),
        wish_(wish),
        progress_(progress),
        dir_(dir),
        placing_(parts.instance_, parts.deploys_->images(), dir) {}

  Result<> run(int from) {
    StagingWish staging;
    staging.check = [&](const BackupManifest& manifest) { return check(manifest); };
    backup_ = TRY(stage_from(from, wish_.keys, dir_, staging, progress_));
    TRY(settle());
    progress_.step("The backup is whole; putting images together");
    const std::vector<std::string> left_out = TRY(placing_.compose(backup_));
    done_.notes.insert(done_.notes.end(), left_out.begin(), left_out.end());
    TRY(make_room());
    const std::vector<Turns::Turn> turns = TRY(take_turns());
    TRY(place());
    TRY(parts_.store_.write([&](WriteTx& tx) { return commit(tx); }));
    placing_.keep();
    // Past this line the server is what the backup says: nothing below may fail the restore.
    finish();
    return {};
  }

  Result<> start() {
    return parts_.bring_up(done_.apps, backup_, dir_, wish_.actor, done_, progress_);
  }
  RestoreDone take() { return std::move(done_); }

 private:
  Result<> check(const BackupManifest& manifest) {
    if (manifest.kind != BackupManifest::Kind::server) {
      return fail(Errc::invalid_argument,
                  "This is the export of one app\nTake it with: dokku apps:import FILE");
    }
    const std::vector<App> apps = TRY(parts_.store_.read([](ReadTx& tx) { return list_apps(tx); }));
    if (!apps.empty() && !wish_.force) {
      return fail(Errc::conflict, "There are apps on this server: " + names_of(apps) +
                                      "\nThey would be destroyed; if that is meant: dokku "
                                      "server:restore --force FILE");
    }
    return check_room(parts_.instance_, manifest);
  }

  // The staged rows become what this server can be.
  Result<> settle() {
    const auto staged = TRY(Store::open({.file = backup_.database, .vfs = ""}));
    TRY(check_staged(*staged, backup_));
    TRY(look_around());
    return staged->write([&](WriteTx& tx) -> Result<> {
      if (wish_.domain) TRY(move_domains(tx, *wish_.domain));
      TRY(keep_keys(tx));
      std::vector<App> apps = TRY(list_apps(tx));
      for (const App& app : apps) {
        TRY(settle_ports(tx, app));
        TRY(record_mirror(tx, app.id));
      }
      return record_mirror(tx, AppId::global);
    });
  }

  // What this server has and keeps, or what goes and is free then.
  Result<> look_around() {
    return parts_.store_.read([&](ReadTx& tx) -> Result<> {
      own_keys_ = TRY(list_keys(tx));
      const std::vector<App> apps = TRY(list_apps(tx));
      for (const App& app : apps) {
        if (app.own_port) freed_ports_.insert(*app.own_port);
        const std::vector<PortMap> maps = TRY(set_port_maps(tx, app.id));
        for (const PortMap& map : maps) freed_ports_.insert(map.host);
      }
      return {};
    });
  }

  bool is_free(std::uint16_t port) const {
    return freed_ports_.contains(port) || port_is_free(port);
  }

  // Whoever got in before still does.
  Result<> keep_keys(WriteTx& tx) {
    for (const StoredKey& key : own_keys_) {
      const auto there = TRY(key_by_fingerprint(tx, key.key.fingerprint().str()));
      if (there) continue;
      TRY(keep_key(tx, key));
    }
    return {};
  }

  // Under another name when the backup has another key of that one.
  Result<> keep_key(WriteTx& tx, StoredKey key) {
    const std::string name = key.name.str();
    Result<> added = add_key(tx, key);
    for (int i = 2; !added && added.error().code() == Errc::already_exists && i < kNamesMax; ++i) {
      key.name = TRY(KeyName::parse(name + "-" + std::to_string(i)));
      added = add_key(tx, key);
    }
    if (added && key.name.str() != name) {
      done_.notes.push_back("The key " + name + " of this server is called " + key.name.str() +
                            " now: the backup has another of that name");
    }
    return added;
  }

  Result<> settle_ports(WriteTx& tx, const App& app) {
    if (app.own_port && !is_free(*app.own_port)) {
      TRY(set_app_own_port(tx, app.id, std::nullopt));
      TRY(ensure_own_port(tx, app.id));
      done_.notes.push_back("Port " + std::to_string(*app.own_port) + " of " + app.name.str() +
                            " is in use here; it gets another when it needs one");
    }
    const std::vector<PortMap> maps = TRY(set_port_maps(tx, app.id));
    for (const PortMap& map : maps) {
      if (map.host == 80 || map.host == 443 || is_free(map.host)) continue;
      done_.notes.push_back("Port " + std::to_string(map.host) + " of " + app.name.str() +
                            " is in use by another program\nSee: dokku ports:report " +
                            app.name.str());
    }
    return {};
  }

  // With --force: what is there goes, now that it is sure that something comes.
  Result<> make_room() {
    const std::vector<App> apps = TRY(parts_.store_.read([](ReadTx& tx) { return list_apps(tx); }));
    if (apps.empty()) return {};
    if (!wish_.force) {
      return fail(Errc::conflict, "Apps were created meanwhile: " + names_of(apps));
    }
    for (const App& app : apps) {
      progress_.step("Destroying " + app.name.str());
      TRY(parts_.lifecycle_.tear_down(app.name, progress_));
      TRY(parts_.store_.write([&](WriteTx& tx) { return delete_app(tx, app.id); }));
      parts_.mirror_.remove(app.name);
    }
    return {};
  }

  Result<std::vector<Turns::Turn>> take_turns() {
    std::vector<std::string> names;
    for (const BackupApp& app : backup_.manifest.apps) names.push_back(app.name);
    std::sort(names.begin(), names.end());
    std::vector<Turns::Turn> turns;
    for (const std::string& name : names) {
      Turns::Turn turn = TRY(parts_.deploys_->reserve(name, wish_.actor, "restore", progress_));
      turns.push_back(std::move(turn));
    }
    return turns;
  }

  Result<> place() {
    for (const BackupImage& image : backup_.manifest.images) {
      TRY(placing_.place_image(image, image.app));
    }
    for (const BackupApp& app : backup_.manifest.apps) {
      TRY(placing_.place_sources(app.name, app.name));
    }
    for (const std::string& volume : backup_.volumes) {
      const std::string aside = TRY(placing_.place_volume(volume, volume, wish_.force));
      if (aside.empty()) continue;
      done_.notes.push_back("What was in the storage directory " + volume + " is in " + aside);
    }
    return {};
  }

  Result<> commit(WriteTx& tx) {
    const std::vector<App> apps = TRY(list_apps(tx));
    if (!apps.empty()) {
      return fail(Errc::conflict, "Apps were created meanwhile: " + names_of(apps));
    }
    TRY(replace_rows(tx, backup_.database));
    note_call_done();
    done_.apps = TRY(list_apps(tx));
    return {};
  }

  void finish() {
    parts_.mirror_.write_global();
    const Result<> keys = parts_.keys_.write_authorized_keys();
    if (!keys) done_.notes.push_back("authorized_keys: " + keys.error().message());
    const auto& file = parts_.instance_.build_env_file;
    if (backup_.build_env.empty() || file.empty()) return;
    const Result<std::string> there = read_file(file);
    if (there && *there != backup_.build_env) {
      done_.notes.push_back(file.string() + " is another one here and stays");
    }
    if (there) return;
    const Result<> written = write_file_atomically(file, backup_.build_env);
    if (!written) done_.notes.push_back(written.error().message());
    return;
  }

  Backups& parts_;
  const RestoreWish& wish_;
  Progress& progress_;
  const TransferDir& dir_;
  Placing placing_;
  StagedBackup backup_;
  RestoreDone done_;
  std::vector<StoredKey> own_keys_;
  std::set<std::uint16_t> freed_ports_;
};

Result<RestoreDone> Backups::restore(int from, const RestoreWish& wish, Progress& progress) {
  if (deploys_ == nullptr) return fail(Errc::internal, "there is no deploy engine");
  const TransferDir dir = TRY(TransferDir::create(instance_, deploys_->images()));
  Restore restore(*this, wish, progress, dir);
  TRY(restore.run(from));
  TRY(restore.start());
  return restore.take();
}

}  // namespace dokku::server
