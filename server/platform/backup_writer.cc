#include "server/platform/backup_writer.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include "base/io.h"
#include "server/backup/rows.h"
#include "server/deploy/wanted.h"
#include "server/model/volume.h"
#include "server/platform/backup_names.h"
#include "server/platform/repository.h"
#include "server/platform/volume_tree.h"
#include "server/store/config.h"
#include "server/store/domains.h"
#include "server/store/properties.h"
#include "server/store/releases.h"
#include "server/store/table_rows.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 5;
constexpr std::size_t kPiece = 256 << 10;

bool can_run_again(const Release& release) {
  const bool settled =
      release.state == ReleaseState::live || release.state == ReleaseState::retired;
  return settled && !release.image_ref.empty();
}

Result<> write_file(MemberWriter& to, const std::string& member, const fs::path& path) {
  const UniqueFd file = TRY(open_file(path, O_RDONLY | O_NOFOLLOW));
  TRY(to.begin(member));
  std::string piece(kPiece, '\0');
  for (;;) {
    const std::size_t got = TRY(read_some(file.get(), piece.data(), piece.size()));
    if (got == 0) break;
    TRY(to.add(std::string_view(piece).substr(0, got)));
  }
  return to.end();
}

}  // namespace

BackupWriter::~BackupWriter() = default;

// --- gathering

Result<std::unique_ptr<BackupWriter>> BackupWriter::gather(const Instance& instance, Store& store,
                                                           runtime::Images& images,
                                                           const BackupScope& scope, WallTime now) {
  TransferDir dir = TRY(TransferDir::create(instance, images));
  std::unique_ptr<BackupWriter> writer(new BackupWriter(instance, images, scope, std::move(dir)));
  // What a release needs is held first, then looked for in the copy: what was added and pruned in
  // between means another look.
  for (int i = 1;; ++i) {
    TRY(writer->hold(store));
    TRY(writer->copy_store(store));
    const bool all_there = TRY(writer->settle_releases(i == kTries));
    if (all_there || i == kTries) break;
  }
  TRY(writer->describe(now));
  return writer;
}

Result<> BackupWriter::hold(Store& store) {
  const auto look = [&](ReadTx& tx) -> Result<std::vector<AppRelease>> {
    auto all = TRY(releases_in(tx, {ReleaseState::live, ReleaseState::retired}));
    if (!scope_.app) return all;
    const App app = TRY(find_app(tx, *scope_.app));
    std::erase_if(all, [&](const AppRelease& one) { return one.app != app.id; });
    return all;
  };
  const std::vector<AppRelease> releases = TRY(store.read(look));
  const fs::path sources = TRY(dir_.folder("sources"));
  std::set<std::string> held;
  for (const AppRelease& one : releases) {
    const std::string& image = one.release.image_ref;
    if (image.empty() || !held.insert(image).second) continue;
    const runtime::ImageRef name = TRY(runtime::ImageRef::parse(image));
    const runtime::ImageRef kept = TRY(dir_.image_name(image));
    // One that is gone is found missing by settle_releases.
    [[maybe_unused]] const Result<> tagged = images_.tag(name, kept);
  }
  std::error_code failed;
  for (const AppRelease& one : releases) {
    const std::string& file = one.release.source_file;
    if (file.empty() || !held.insert(file).second) continue;
    fs::create_directories((sources / file).parent_path(), failed);
    const fs::path from = instance_.sources_dir() / file;
    [[maybe_unused]] const int linked = ::link(from.c_str(), (sources / file).c_str());
  }
  return {};
}

Result<> BackupWriter::copy_store(Store& store) {
  copy_.reset();
  const fs::path file = dir_.path() / "state.db";
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix, ignored);
  TRY(store.copy_to(file));
  copy_ = TRY(Store::open({.file = file, .vfs = ""}));
  if (!scope_.app) return {};
  const App app = TRY(copy_->read([&](ReadTx& tx) { return find_app(tx, *scope_.app); }));
  app_ = app.id;
  return {};
}

// In the copy: what was under way has failed, and what cannot run again is no release. False: one
// that is kept was not held.
Result<bool> BackupWriter::settle_releases(bool last_try) {
  std::set<std::string> missing;
  const auto look = [&](WriteTx& tx) -> Result<> {
    const std::vector<AppRelease> all =
        TRY(releases_in(tx, {ReleaseState::building, ReleaseState::built, ReleaseState::starting,
                             ReleaseState::live, ReleaseState::retired}));
    for (const AppRelease& one : all) {
      if (app_ && one.app != *app_) continue;
      const Release& release = one.release;
      if (release.state == ReleaseState::building || release.state == ReleaseState::starting) {
        TRY(set_release_state(tx, one.app, release.number, ReleaseState::failed));
        continue;
      }
      if (release.image_ref.empty()) continue;
      const runtime::ImageRef kept = TRY(dir_.image_name(release.image_ref));
      const auto there = images_.inspect(kept);
      if (there) continue;
      if (there.error().code() != Errc::not_found) return Fail(there.error());
      missing.insert(release.image_ref);
      const auto running = TRY(running_number(tx, one.app));
      if (release.state == ReleaseState::live || running == release.number) {
        return fail(Errc::conflict,
                    "The image " + release.image_ref +
                        " is not there\nMake it anew with ps:rebuild, then back up");
      }
      TRY(delete_release(tx, one.app, release.number));
    }
    return {};
  };
  const Result<> looked = copy_->write(look);
  if (!looked && !missing.empty() && !last_try) return false;
  if (!looked) return Fail(looked.error());
  return missing.empty();
}

// --- describing

Result<> BackupWriter::describe(WallTime now) {
  utsname machine{};
  ::uname(&machine);
  manifest_ = {};
  manifest_.kind = scope_.app ? BackupManifest::Kind::app : BackupManifest::Kind::server;
  manifest_.made_at = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  manifest_.instance = instance_.name;
  manifest_.machine = machine.machine;
  manifest_.schema = schema_version();
  const auto look = [&](ReadTx& tx) -> Result<> {
    const std::vector<Domain> domains = TRY(list_domains(tx, AppId::global));
    for (const Domain& domain : domains) manifest_.domains.push_back(domain.str());
    const std::vector<App> apps = TRY(list_apps(tx));
    for (const App& app : apps) {
      if (!app_ || app.id == *app_) TRY(describe_app(tx, app));
    }
    if (app_) TRY(note_global_config(tx));
    return {};
  };
  TRY(copy_->read(look));
  TRY(describe_images());
  if (!scope_.app && scope_.volumes) {  // also those that no app has mounted now
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(instance_.storage_dir(), none)) {
      const std::string name = entry.path().filename().string();
      const bool folder = !entry.is_symlink(none) && entry.is_directory(none);
      if (folder && StorageName::parse(name)) volumes_.push_back(name);
    }
  }
  std::sort(volumes_.begin(), volumes_.end());
  volumes_.erase(std::unique(volumes_.begin(), volumes_.end()), volumes_.end());
  for (const std::string& name : volumes_) {
    manifest_.bytes += count_tree(instance_.storage_dir() / name).bytes;
  }
  return {};
}

Result<> BackupWriter::describe_app(const ReadTx& tx, const App& app) {
  BackupApp one{app.name.str(), 0, {}, false};
  std::error_code missing;
  const std::vector<Release> releases = TRY(list_releases(tx, app.id));
  std::set<std::string> images;
  for (const Release& release : releases) {
    if (!can_run_again(release)) continue;
    if (release.state == ReleaseState::live) one.release = release.number;
    if (images.insert(release.image_ref).second) {
      BackupImage image;
      image.app = one.name;
      image.ref = release.image_ref;
      manifest_.images.push_back(std::move(image));
    }
    if (release.source_file.empty()) continue;
    const auto bytes = fs::file_size(dir_.path() / "sources" / release.source_file, missing);
    const bool listed =
        std::find(sources_.begin(), sources_.end(), release.source_file) != sources_.end();
    if (missing || listed) continue;
    sources_.push_back(release.source_file);
    manifest_.bytes += bytes;
  }
  const auto mounts = TRY(property(tx, app.id, kStorageMounts));
  for (const Volume& volume : parse_volumes(mounts.value_or(""))) {
    const std::string folder = storage_folder(volume, instance_.storage_dir());
    if (folder.empty()) {
      notes_.push_back(one.name + ": " + printable(volume.host) +
                       " is outside of the storage directory and not in the backup");
    } else if (scope_.volumes) {
      one.volumes.push_back(folder);
      volumes_.push_back(folder);
    }
  }
  one.repository = fs::exists(repository_path(instance_, app.name) / "HEAD", missing);
  manifest_.apps.push_back(std::move(one));
  return {};
}

Result<> BackupWriter::describe_images() {
  std::set<std::string> layers;
  for (BackupImage& image : manifest_.images) {
    const runtime::ImageRef kept = TRY(dir_.image_name(image.ref));
    const runtime::ImageInfo info = TRY(images_.inspect(kept));
    image.manifest = info.manifest.str();
    image.config = info.config;
    image.layers = info.layers;
    for (const runtime::LayerFile& layer : info.layers) {
      if (layers.insert(layer.digest.str()).second) manifest_.bytes += layer.size_bytes;
    }
  }
  return {};
}

Result<> BackupWriter::note_global_config(const ReadTx& tx) {
  const ConfigValues values = TRY(config_values(tx, AppId::global));
  for (const auto& [key, value] : values) manifest_.global_config.push_back(key);
  return {};
}

// --- writing

Result<> BackupWriter::write(MemberWriter& to, Progress& progress) {
  TRY(to.put(kManifestMember, {}, write_manifest(manifest_)));
  progress.step("Writing what is set");
  TRY(write_rows(to));
  TRY(write_settings(to));
  progress.step("Writing sources and repositories");
  TRY(write_sources(to));
  TRY(write_repositories(to));
  progress.step("Writing " + std::to_string(manifest_.images.size()) + " images");
  TRY(write_layers(to));
  if (!volumes_.empty()) {
    progress.step("Writing " + std::to_string(volumes_.size()) + " volumes");
    TRY(write_volumes(to));
  }
  return to.finish();
}

Result<> BackupWriter::write_rows(MemberWriter& to) {
  return copy_->read([&](ReadTx& tx) -> Result<> {
    const std::vector<std::string> tables = TRY(app_ ? tables_of_apps(tx) : kept_tables(tx));
    for (const std::string& table : tables) TRY(write_table(to, tx, table));
    return {};
  });
}

Result<> BackupWriter::write_table(MemberWriter& to, const ReadTx& tx, const std::string& table) {
  TRY(to.begin(kRowsMember + table));
  std::string rows;
  const auto columns = [&](const std::vector<std::string>& names) -> Result<> {
    rows += encode_columns(names);
    return {};
  };
  const auto row = [&](const Row& values) -> Result<> {
    rows += encode_row(values);
    if (rows.size() < kPiece) return {};
    TRY(to.add(rows));
    rows.clear();
    return {};
  };
  TRY(read_table(tx, {table, app_}, columns, row));
  TRY(to.add(rows + encode_rows_end()));
  return to.end();
}

Result<> BackupWriter::write_settings(MemberWriter& to) {
  std::error_code missing;
  if (!app_ && fs::exists(instance_.build_env_file, missing)) {
    TRY(write_file(to, kBuildEnvMember, instance_.build_env_file));
  }
  // ENV is written where it is, and nowhere else; what is in it is in the rows.
  for (const BackupApp& app : manifest_.apps) {
    if (!fs::exists(instance_.home_dir / app.name / "ENV", missing)) continue;
    TRY(to.put(kEnvFileMember + app.name, {}, {}));
  }
  return {};
}

Result<> BackupWriter::write_sources(MemberWriter& to) {
  for (const std::string& file : sources_) {
    TRY(write_file(to, kSourceMember + file, dir_.path() / "sources" / file));
  }
  return {};
}

Result<> BackupWriter::write_layers(MemberWriter& to) {
  std::set<std::string> written;
  for (const BackupImage& image : manifest_.images) {
    for (const runtime::LayerFile& layer : image.layers) {
      if (!written.insert(layer.digest.str()).second) continue;
      TRY(to.begin(kLayerMember + layer.digest.str()));
      TRY(images_.read_layer(layer.digest, [&](std::string_view bytes) { return to.add(bytes); }));
      TRY(to.end());
    }
  }
  return {};
}

Result<> BackupWriter::write_repositories(MemberWriter& to) {
  for (const BackupApp& app : manifest_.apps) {
    if (!app.repository) continue;
    const AppName name = TRY(AppName::parse(app.name));
    bool begun = false;
    const auto take = [&](std::string_view bytes) -> Result<> {
      if (!begun) TRY(to.begin(kRepositoryMember + app.name));
      begun = true;
      return to.add(bytes);
    };
    TRY(bundle_repository(instance_, name, take));
    if (begun) TRY(to.end());
  }
  return {};
}

Result<> BackupWriter::write_volumes(MemberWriter& to) {
  std::uint64_t left_out = 0;
  std::uint64_t attributes = 0;
  std::string first;
  for (const std::string& name : volumes_) {
    const TreeCount count =
        TRY(write_tree(to, instance_.storage_dir() / name, kVolumeMember + name));
    left_out += count.left_out;
    attributes += count.attributes_left_out;
    if (first.empty()) first = count.first_left_out;
  }
  if (left_out > 0) {
    notes_.push_back(std::to_string(left_out) + " entries of volumes are no files, folders or " +
                     "links and not in the backup, such as " + first);
  }
  if (attributes > 0) {
    notes_.push_back("Of " + std::to_string(attributes) +
                     " files the largest extended attributes are not in the backup");
  }
  return {};
}

}  // namespace dokku::server
