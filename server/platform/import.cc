// Part of Backups: one more app out of an export.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "server/deploy/wanted.h"
#include "server/model/volume.h"
#include "server/platform/arrival.h"
#include "server/platform/domains.h"
#include "server/platform/host.h"
#include "server/store/calls.h"
#include "server/store/config.h"
#include "server/store/domains.h"
#include "server/store/properties.h"
#include "server/store/releases.h"
#include "server/store/table_rows.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

// What is about the server that it was on.
bool stays_behind(const std::string& property) {
  return property.starts_with("mirror.") || property.starts_with("apps.");
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

class Import final : public Arrival {
 public:
  Import(const BackupParts& parts, const TransferDir& dir, const ImportWish& wish,
         Progress& progress)
      : Arrival(parts, dir, wish.actor, progress), wish_(wish) {}

 private:
  const std::string& name() const { return app_->name.str(); }

  Result<> check(const BackupManifest& manifest) override {
    if (manifest.kind != BackupManifest::Kind::app) {
      return fail(Errc::invalid_argument,
                  "This is the backup of a whole server\nTake it with: dokku server:restore FILE");
    }
    const AppName own = TRY(AppName::parse(manifest.apps[0].name));
    const AppName wanted = wish_.name.value_or(own);
    if (wish_.check_name) TRY(wish_.check_name(wanted));
    const auto taken = parts_.store.read([&](ReadTx& tx) { return find_app(tx, wanted); });
    if (taken) {
      return fail(Errc::already_exists,
                  "Name is already taken\nGive it another: dokku "
                  "apps:import --name NEW FILE");
    }
    if (taken.error().code() != Errc::not_found) return Fail(taken.error());
    return check_room(parts_.instance, manifest);
  }

  Result<> settle(Store& staged) override {
    was_ = backup_.manifest.apps[0].name;
    TRY(look_around());
    return staged.write([&](WriteTx& tx) -> Result<> {
      app_ = TRY(find_app(tx, was_));
      if (wish_.name && wish_.name->str() != was_) TRY(rename(tx));
      TRY(settle_properties(tx));
      TRY(settle_volumes(tx));
      TRY(settle_domains(tx));
      const bool taken =
          app_->own_port && (ports_.contains(*app_->own_port) || !port_is_free(*app_->own_port));
      if (taken) TRY(set_app_own_port(tx, app_->id, std::nullopt));
      app_ = TRY(find_app(tx, app_->name));
      return {};
    });
  }

  // What this server has that the app must not have, too.
  Result<> look_around() {
    return parts_.store.read([&](ReadTx& tx) -> Result<> {
      const std::vector<App> apps = TRY(list_apps(tx));
      for (const App& app : apps) {
        if (app.own_port) ports_.insert(*app.own_port);
        const std::vector<Domain> domains = TRY(list_domains(tx, app.id));
        for (const Domain& domain : domains) owners_.emplace(domain.str(), app.name.str());
      }
      global_ = TRY(list_domains(tx, AppId::global));
      const ConfigValues config = TRY(config_values(tx, AppId::global));
      std::vector<std::string> missing;
      for (const std::string& key : backup_.manifest.global_config) {
        if (!config.contains(key)) missing.push_back(printable(key));
      }
      if (!missing.empty()) {
        done_.notes.push_back("The app was running with global config that is not set here: " +
                              joined(missing));
      }
      return {};
    });
  }

  Result<> rename(WriteTx& tx) {
    TRY(rename_app(tx, app_->id, *wish_.name));
    TRY(move_releases(tx, app_->id, {image_prefix(was_), was_ + "/"},
                      {image_prefix(wish_.name->str()), wish_.name->str() + "/"}));
    app_ = TRY(find_app(tx, *wish_.name));
    return {};
  }

  Result<> settle_properties(WriteTx& tx) {
    const auto all = TRY(properties(tx, app_->id, ""));
    for (const auto& [key, value] : all) {
      if (stays_behind(key)) TRY(set_property(tx, app_->id, key, std::nullopt));
    }
    return {};
  }

  // Another app's folder is not this one's: it gets one of its own name. What lies elsewhere on the
  // host only root may mount.
  Result<> settle_volumes(WriteTx& tx) {
    const fs::path dir = parts_.instance.storage_dir();
    const auto lines = TRY(property(tx, app_->id, kStorageMounts));
    if (!lines) return {};
    std::vector<Volume> kept;
    for (Volume volume : parse_volumes(*lines)) {
      const std::string folder =
          volume.is_name() ? volume.host : fs::path(volume.host).filename().string();
      const auto& own = backup_.manifest.apps[0].volumes;
      const bool was_folder =
          volume.is_name() || std::find(own.begin(), own.end(), folder) != own.end();
      if (!was_folder || !StorageName::parse(folder)) {
        done_.notes.push_back("The mount " + printable(volume.str()) +
                              " was left out\nIf it is meant: dokku storage:mount " + name() + " " +
                              printable(volume.str()));
        continue;
      }
      volume.host = free_folder(dir, folder);
      kept.push_back(volume);
    }
    const std::string text = write_volumes(kept);
    return set_property(tx, app_->id, kStorageMounts,
                        text.empty() ? std::nullopt : std::optional<std::string>(text));
  }

  std::string free_folder(const fs::path& dir, const std::string& folder) {
    const auto known = folders_.find(folder);
    if (known != folders_.end()) return known->second;
    std::error_code ignored;
    std::string chosen = folder;
    for (int i = 1; fs::exists(fs::symlink_status(dir / chosen, ignored)); ++i) {
      std::string base = name();
      std::replace(base.begin(), base.end(), '.', '-');
      chosen = base + "-" + folder + (i == 1 ? "" : "-" + std::to_string(i));
    }
    if (chosen != folder) {
      done_.notes.push_back("Its storage directory " + folder + " is " + chosen + " here");
    }
    folders_.emplace(folder, chosen);
    return chosen;
  }

  // Names that the app had from its own follow its new one and this server's domains; of the
  // others, those stay that are free.
  Result<> settle_domains(WriteTx& tx) {
    const std::vector<Domain> names = TRY(list_domains(tx, app_->id));
    TRY(clear_domains(tx, app_->id));
    bool derived = false;
    for (const Domain& domain : names) {
      const auto& old = backup_.manifest.domains;
      const bool by_name = std::any_of(old.begin(), old.end(), [&](const std::string& each) {
        return domain.str() == was_ + "." + each;
      });
      derived = derived || by_name;
      if (by_name) continue;
      TRY(add_if_free(tx, domain));
    }
    if (!derived) return {};
    for (const Domain& global : global_) {
      if (global.is_address() || global.wildcard()) continue;
      const Domain own = TRY(Domain::parse(name() + "." + global.str()));
      TRY(add_if_free(tx, own));
    }
    return {};
  }

  Result<> add_if_free(WriteTx& tx, const Domain& domain) {
    const auto owner = owners_.find(domain.str());
    if (owner != owners_.end()) {
      done_.notes.push_back("The domain " + domain.str() + " was left out: " + owner->second +
                            " has it");
      return {};
    }
    TRY(add_domain(tx, app_->id, domain));
    return {};
  }

  const char* deed() const override { return "import"; }
  std::vector<std::string> names() const override { return {name()}; }

  Result<TransferPlan> plan() override {
    TransferPlan plan;
    TRY(plan_images(plan, name()));
    if (!backup_.sources.empty()) plan.sources.push_back({was_, name()});
    for (const std::string& volume : backup_.volumes) {
      const auto to = folders_.find(volume);
      if (to == folders_.end()) continue;
      TRY(name_aside(parts_.instance, to->second, /*may_move=*/false));
      plan.volumes.push_back({volume, to->second});
    }
    if (backup_.repositories.contains(was_)) plan.repositories.push_back({was_, name()});
    if (backup_.env_files.contains(was_)) plan.env_files.push_back(name());
    return plan;
  }

  Result<std::vector<App>> commit(WriteTx& tx) override {
    const App app = TRY(adopt_app(tx, backup_.database, *app_));
    TRY(ensure_own_port(tx, app.id));
    TRY(record_mirror(tx, app.id));
    note_call_done();
    const App now = TRY(find_app(tx, app.name));
    return std::vector<App>{now};
  }

  const ImportWish& wish_;
  std::string was_;
  std::optional<App> app_;  // in the staged rows
  std::set<std::uint16_t> ports_;
  std::map<std::string, std::string> owners_;   // of domains
  std::map<std::string, std::string> folders_;  // of storage: as it was called, as it is
  std::vector<Domain> global_;
};

Result<RestoreDone> Backups::import(int from, const ImportWish& wish, Progress& progress) {
  if (parts_.deploys == nullptr) return fail(Errc::internal, "there is no deploy engine");
  const TransferDir dir = TRY(TransferDir::create(parts_.instance, parts_.deploys->images()));
  return Import(parts_, dir, wish, progress).run(from, wish.keys, wish.volumes);
}

}  // namespace dokku::server
