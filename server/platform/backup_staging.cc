#include "server/platform/backup_staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "base/io.h"
#include "runtime/digest/sha256.h"
#include "server/backup/rows.h"
#include "server/model/app_name.h"
#include "server/model/volume.h"
#include "server/platform/backup_names.h"
#include "server/platform/volume_tree.h"
#include "server/store/domains.h"
#include "server/store/releases.h"
#include "server/store/table_rows.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBuildEnvMax = 1 << 20;

Fail unknown(const std::string& member) {
  return fail(Errc::invalid_argument,
              "The backup has a member that is not known here: " + printable(member));
}

// All that was written to its file system.
Result<> sync(const fs::path& path) {
  const UniqueFd folder = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
  if (::syncfs(folder.get()) != 0) return fail_syscall("syncfs", errno);
  return {};
}

class Staging {
 public:
  Staging(MemberReader& from, const TransferDir& dir, const StagingWish& wish)
      : from_(from), dir_(dir), wish_(wish) {}

  Result<StagedBackup> run() {
    TRY(begin());
    for (;;) {
      const std::optional<MemberHead> head = TRY(from_.next());
      if (!head) break;
      TRY(take(*head));
    }
    TRY(finish_volume());
    TRY(rows_->finish());
    TRY(check_layers());
    TRY(sync(dir_.path()));
    if (!staged_.volumes.empty()) {
      const fs::path volumes = TRY(dir_.volumes());
      TRY(sync(volumes));
    }
    return std::move(staged_);
  }

 private:
  Result<> begin() {
    const std::optional<MemberHead> head = TRY(from_.next());
    if (!head || head->name != kManifestMember) {
      return fail(Errc::invalid_argument, "The backup does not begin with its manifest");
    }
    const std::string text = TRY(from_.all(kManifestBytesMax));
    staged_.manifest = TRY(parse_manifest(text));
    TRY(check_machine());
    if (wish_.check) TRY(wish_.check(staged_.manifest));
    for (const BackupApp& app : staged_.manifest.apps) apps_.insert(app.name);
    staged_.database = dir_.path() / "state.db";
    auto rows = StagedRows::create(staged_.database, staged_.manifest.schema);
    if (!rows) return Fail(std::move(rows).error().while_("The backup cannot be taken"));
    rows_ = *std::move(rows);
    return {};
  }

  Result<> check_machine() const {
    utsname machine{};
    ::uname(&machine);
    if (staged_.manifest.machine == machine.machine) return {};
    return fail(Errc::conflict, "The backup's images are for " +
                                    printable(staged_.manifest.machine) + ", this server is " +
                                    machine.machine);
  }

  // What follows `prefix` in the member's name.
  static std::optional<std::string> after(const std::string& prefix, const std::string& name) {
    if (!name.starts_with(prefix) || name.size() == prefix.size()) return std::nullopt;
    return name.substr(prefix.size());
  }

  Result<> take(const MemberHead& head) {
    if (const auto table = after(kRowsMember, head.name)) return take_rows(*table);
    if (const auto file = after(kSourceMember, head.name)) return take_source(*file);
    if (const auto digest = after(kLayerMember, head.name)) return take_layer(*digest);
    if (const auto app = after(kRepositoryMember, head.name)) return take_repository(*app);
    if (const auto path = after(kVolumeMember, head.name)) return take_volume(*path, head.notes);
    if (const auto app = after(kEnvFileMember, head.name)) {
      if (!apps_.contains(*app)) return unknown(head.name);
      staged_.env_files.insert(*app);
      return from_.skip();
    }
    if (head.name == kBuildEnvMember) {
      staged_.build_env = TRY(from_.all(kBuildEnvMax));
      return {};
    }
    return unknown(head.name);
  }

  Result<> take_rows(const std::string& table) {
    const bool of_apps = staged_.manifest.kind == BackupManifest::Kind::app;
    RowReader reader(
        [&](const std::vector<std::string>& columns) {
          return rows_->begin_table(table, columns, of_apps);
        },
        [&](const Row& row) { return rows_->add(row); });
    for (;;) {
      const std::string_view bytes = TRY(from_.piece());
      if (bytes.empty()) return reader.end();
      TRY(reader.feed(bytes));
    }
  }

  // The member's bytes into a file that is not there yet; their digest.
  Result<std::string> into_file(const fs::path& path) {
    const UniqueFd file = TRY(open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    runtime::Sha256 hash;
    for (;;) {
      const std::string_view bytes = TRY(from_.piece());
      if (bytes.empty()) return hash.finish();
      hash.update(bytes);
      TRY(write_all(file.get(), bytes));
    }
  }

  Result<> take_source(const std::string& file) {
    const std::string app = file.substr(0, file.find('/'));
    if (!apps_.contains(app) || !is_source_file(file, app)) return unknown(kSourceMember + file);
    TRY(dir_.folder("sources"));
    TRY(dir_.folder("sources/" + app));
    TRY(into_file(dir_.path() / "sources" / file));
    staged_.sources.insert(file);
    return {};
  }

  Result<> take_layer(const std::string& digest) {
    const runtime::Digest named = TRY(runtime::Digest::parse(digest));
    const fs::path folder = TRY(dir_.folder("layers"));
    const std::string seen = TRY(into_file(folder / named.str().substr(sizeof("sha256:") - 1)));
    if (seen != named.str()) {
      return fail(Errc::invalid_argument, "The backup's layer " + digest + " is another one");
    }
    staged_.layers.insert(digest);
    return {};
  }

  // Read by git as the ssh user, who must get there.
  Result<> take_repository(const std::string& app) {
    if (!apps_.contains(app)) return unknown(kRepositoryMember + app);
    const fs::path folder = TRY(dir_.folder("repositories"));
    if (::chmod(folder.c_str(), 0711) != 0) return fail_syscall("chmod", errno);
    TRY(into_file(folder / app));
    staged_.repositories.insert(app);
    return {};
  }

  Result<> take_volume(const std::string& path, const std::string& notes) {
    if (!wish_.volumes) return from_.skip();
    const std::size_t slash = path.find('/');
    const std::string name = path.substr(0, slash);
    const Result<StorageName> parsed = StorageName::parse(name);
    if (!parsed || !belongs(name)) return unknown(kVolumeMember + name);
    if (staged_.volumes.insert(name).second) {
      const fs::path folder = TRY(dir_.volumes());
      if (::mkdir((folder / name).c_str(), 0700) != 0) return fail_syscall("mkdir", errno);
    }
    if (tree_name_ != name) {
      TRY(finish_volume());
      const fs::path folder = TRY(dir_.volumes());
      TreeReader tree = TRY(TreeReader::create(folder / name));
      tree_.emplace(std::move(tree));
      tree_name_ = name;
    }
    const std::uint64_t before = tree_->attributes_lost();
    TRY(tree_->add(slash == std::string::npos ? "" : path.substr(slash + 1), notes, from_));
    staged_.attributes_lost += tree_->attributes_lost() - before;
    return {};
  }

  Result<> finish_volume() { return tree_ ? tree_->finish() : Result<>(); }

  bool belongs(const std::string& volume) const {
    if (staged_.manifest.kind == BackupManifest::Kind::server) return true;
    const auto& volumes = staged_.manifest.apps[0].volumes;
    return std::find(volumes.begin(), volumes.end(), volume) != volumes.end();
  }

  Result<> check_layers() const {
    for (const BackupImage& image : staged_.manifest.images) {
      for (const runtime::LayerFile& layer : image.layers) {
        if (staged_.layers.contains(layer.digest.str())) continue;
        return fail(Errc::invalid_argument,
                    "The backup lacks a layer of the image " + printable(image.ref));
      }
    }
    return {};
  }

  MemberReader& from_;
  const TransferDir& dir_;
  const StagingWish& wish_;
  StagedBackup staged_;
  std::set<std::string> apps_;
  std::unique_ptr<StagedRows> rows_;
  std::optional<TreeReader> tree_;
  std::string tree_name_;
};

// --- what rows say

bool is_process_type(const std::string& type) {
  if (type.empty() || type.size() > 64) return false;
  return std::all_of(type.begin(), type.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Result<> check_release(const App& app, const Release& release,
                       const std::set<std::string>& images) {
  const auto wrong = [&](const std::string& what) {
    return fail(Errc::invalid_argument, "The backup's release " + std::to_string(release.number) +
                                            " of " + app.name.str() + ": " + what);
  };
  const bool runs = release.state == ReleaseState::live || release.state == ReleaseState::retired;
  if (runs && !release.image_ref.empty() && !images.contains(release.image_ref)) {
    return wrong("its image is not in the backup");
  }
  if (!release.image_ref.empty() &&
      !release.image_ref.starts_with("dokku/" + app.name.str() + ":")) {
    return wrong("its image is another app's");
  }
  if (!release.source_file.empty() && !is_source_file(release.source_file, app.name.str())) {
    return wrong("its source is no file of ours");
  }
  for (const auto& [type, command] : release.processes) {
    if (!is_process_type(type)) return wrong("a process type is malformed");
  }
  return {};
}

}  // namespace

bool is_source_file(const std::string& file, const std::string& app) {
  constexpr std::string_view kEnd = ".tar.zst";
  if (!file.starts_with(app + "/") || !file.ends_with(kEnd)) return false;
  const std::string digits =
      file.substr(app.size() + 1, file.size() - app.size() - 1 - kEnd.size());
  return !digits.empty() && digits.size() <= 64 &&
         digits.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<StagedBackup> stage_backup(MemberReader& from, const TransferDir& dir,
                                  const StagingWish& wish) {
  return Staging(from, dir, wish).run();
}

// Domains and keys are parsed by whoever reads them.
Result<> check_staged(Store& staged, const StagedBackup& backup) {
  std::set<std::string> images;
  for (const BackupImage& image : backup.manifest.images) {
    if (!image.ref.starts_with("dokku/" + image.app + ":")) {
      return fail(Errc::invalid_argument,
                  "The backup's image " + printable(image.ref) + " is not one of an app's");
    }
    TRY(runtime::ImageRef::parse(image.ref));
    images.insert(image.ref);
  }
  return staged.read([&](ReadTx& tx) -> Result<> {
    const std::vector<App> apps = TRY(list_apps(tx));
    TRY(list_domains(tx, AppId::global));
    if (apps.size() != backup.manifest.apps.size()) {
      return fail(Errc::invalid_argument, "The backup's manifest names other apps than its rows");
    }
    for (const App& app : apps) {
      const auto& listed = backup.manifest.apps;
      const bool named = std::any_of(listed.begin(), listed.end(), [&](const BackupApp& each) {
        return each.name == app.name.str();
      });
      if (!named) {
        return fail(Errc::invalid_argument,
                    "The backup's manifest does not name " + app.name.str());
      }
      TRY(list_domains(tx, app.id));
      const std::vector<Release> releases = TRY(list_releases(tx, app.id));
      for (const Release& release : releases) TRY(check_release(app, release, images));
    }
    return {};
  });
}

}  // namespace dokku::server
