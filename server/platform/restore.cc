// Part of Backups: a whole server out of a backup.
#include <algorithm>
#include <set>

#include "server/deploy/wanted.h"
#include "server/platform/arrival.h"
#include "server/platform/domains.h"
#include "server/platform/host.h"
#include "server/platform/routing.h"
#include "server/store/calls.h"
#include "server/store/domains.h"
#include "server/store/keys.h"
#include "server/store/properties.h"
#include "server/store/releases.h"
#include "server/store/table_rows.h"

namespace dokku::server {
namespace {

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
  TRY(set_property(tx, AppId::global, kShownHostProperty, std::nullopt));
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

class Restore final : public Arrival {
 public:
  Restore(const BackupParts& parts, const TransferDir& dir, const RestoreWish& wish,
          Progress& progress)
      : Arrival(parts, dir, wish.actor, progress), wish_(wish) {}

 private:
  Result<> check(const BackupManifest& manifest) override {
    if (manifest.kind != BackupManifest::Kind::server) {
      return fail(Errc::invalid_argument,
                  "This is the export of one app\nTake it with: dokku apps:import FILE");
    }
    const std::vector<App> apps = TRY(parts_.store.read([](ReadTx& tx) { return list_apps(tx); }));
    if (!apps.empty() && !wish_.force) {
      return fail(Errc::conflict, "There are apps on this server: " + names_of(apps) +
                                      "\nThey would be destroyed; if that is meant: dokku "
                                      "server:restore --force FILE");
    }
    return check_room(parts_.instance, manifest);
  }

  Result<> settle(Store& staged) override {
    TRY(look_around());
    return staged.write([&](WriteTx& tx) -> Result<> {
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
    return parts_.store.read([&](ReadTx& tx) -> Result<> {
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
  Result<> make_room() override {
    const std::vector<App> apps = TRY(parts_.store.read([](ReadTx& tx) { return list_apps(tx); }));
    if (apps.empty()) return {};
    if (!wish_.force) {
      return fail(Errc::conflict, "Apps were created meanwhile: " + names_of(apps));
    }
    for (const App& app : apps) {
      progress_.step("Destroying " + app.name.str());
      TRY(parts_.lifecycle.tear_down(app.name, progress_));
      TRY(parts_.store.write([&](WriteTx& tx) { return delete_app(tx, app.id); }));
      parts_.mirror.remove(app.name);
    }
    return {};
  }

  const char* deed() const override { return "restore"; }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const BackupApp& app : backup_.manifest.apps) names.push_back(app.name);
    return names;
  }

  Result<TransferPlan> plan() override {
    TransferPlan plan;
    TRY(plan_images(plan, {}));
    std::set<std::string> apps;
    for (const std::string& file : backup_.sources) apps.insert(file.substr(0, file.find('/')));
    for (const std::string& app : apps) plan.sources.push_back({app, app});
    for (const std::string& volume : backup_.volumes) {
      const std::string aside = TRY(name_aside(parts_.instance, volume, wish_.force));
      plan.volumes.push_back({volume, volume});
      if (aside.empty()) continue;
      plan.aside.push_back({volume, aside});
      done_.notes.push_back("What was in the storage directory " + volume + " is in " + aside);
    }
    for (const std::string& app : backup_.repositories) plan.repositories.push_back({app, app});
    plan.env_files.assign(backup_.env_files.begin(), backup_.env_files.end());
    return plan;
  }

  Result<std::vector<App>> commit(WriteTx& tx) override {
    const std::vector<App> apps = TRY(list_apps(tx));
    if (!apps.empty()) {
      return fail(Errc::conflict, "Apps were created meanwhile: " + names_of(apps));
    }
    TRY(replace_rows(tx, backup_.database));
    note_call_done();
    return list_apps(tx);
  }

  const RestoreWish& wish_;
  std::vector<StoredKey> own_keys_;
  std::set<std::uint16_t> freed_ports_;
};

Result<RestoreDone> Backups::restore(int from, const RestoreWish& wish, Progress& progress) {
  if (parts_.deploys == nullptr) return fail(Errc::internal, "there is no deploy engine");
  const TransferDir dir = TRY(TransferDir::create(parts_.instance, parts_.deploys->images()));
  return Restore(parts_, dir, wish, progress).run(from, wish.keys, /*volumes=*/true);
}

}  // namespace dokku::server
