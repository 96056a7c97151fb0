#include "server/platform/placing.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/log.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr int kAsideMax = 1000;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_free(const fs::path& path) {
  std::error_code ignored;
  return !is_there(path) ||
         (fs::is_directory(fs::symlink_status(path, ignored)) && fs::is_empty(path, ignored));
}

Result<> move(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return fail_syscall("moving to " + to.string(), errno);
  }
  return {};
}

void move_back(const fs::path& now, const fs::path& before) {
  if (is_there(before) || !is_there(now)) return;
  std::error_code failed;
  fs::rename(now, before, failed);
  if (failed) log::warn("moving back " + before.string() + ": " + failed.message());
}

}  // namespace

Result<std::vector<std::string>> compose_images(runtime::Images& images, const TransferDir& dir,
                                                const StagedBackup& backup) {
  std::vector<std::string> notes;
  const fs::path folder = dir.path() / "layers";
  for (const BackupImage& image : backup.manifest.images) {
    std::vector<runtime::LayerFile> layers = image.layers;
    for (runtime::LayerFile& layer : layers) {
      layer.path = folder / layer.digest.str().substr(sizeof("sha256:") - 1);
      std::error_code missing;
      // As it is, whatever the manifest says.
      layer.size_bytes = fs::file_size(layer.path, missing);
      if (missing) return fail(Errc::internal, layer.path.string() + ": " + missing.message());
    }
    const runtime::ImageRef name = TRY(dir.image_name(image.ref));
    const auto made = images.compose(name, nullptr, layers, image.config);
    if (!made) return Fail(Error(made.error()).while_("The image " + image.ref));
    if (made->manifest.str() != image.manifest) {
      notes.push_back("The image " + image.ref + " was put together anew");
    }
  }
  std::error_code failed;
  fs::remove_all(folder, failed);
  return notes;
}

Result<std::string> name_aside(const Instance& instance, const std::string& volume, bool may_move) {
  if (is_free(instance.storage_dir() / volume)) return std::string();
  for (int i = 1; may_move && i < kAsideMax; ++i) {
    std::string name = volume + ".before-restore-" + std::to_string(i);
    if (!is_there(instance.storage_dir() / name)) return name;
  }
  return fail(Errc::conflict,
              "The storage directory " + volume + " is there already and not empty");
}

Result<> place(const Instance& instance, runtime::Images& images, const StagedPlaces& staged,
               const TransferPlan& plan, const std::function<void()>& after_each) {
  for (const auto& [from, to] : plan.images) {
    const runtime::ImageRef hidden = TRY(runtime::ImageRef::parse(from));
    const runtime::ImageRef name = TRY(runtime::ImageRef::parse(to));
    TRY(images.tag(hidden, name));
    after_each();
  }
  for (const auto& [from, to] : plan.sources) {
    const fs::path target = instance.sources_dir() / to;
    std::error_code ignored;
    fs::remove_all(target, ignored);  // of nobody: the name is free and its turn ours
    TRY(move(staged.folder / "sources" / from, target));
    ::chmod(target.c_str(), 0755);
    after_each();
  }
  for (const auto& [from, to] : plan.aside) {
    TRY(move(instance.storage_dir() / from, instance.storage_dir() / to));
    after_each();
  }
  for (const auto& [from, to] : plan.volumes) {
    TRY(move(staged.volumes / from, instance.storage_dir() / to));
    after_each();
  }
  return {};
}

void take_back(const Instance& instance, runtime::Images& images, const StagedPlaces& staged,
               const TransferPlan& plan) {
  for (const auto& [from, to] : plan.volumes) {
    move_back(instance.storage_dir() / to, staged.volumes / from);
  }
  for (const auto& [from, to] : plan.aside) {
    move_back(instance.storage_dir() / to, instance.storage_dir() / from);
  }
  for (const auto& [from, to] : plan.sources) {
    move_back(instance.sources_dir() / to, staged.folder / "sources" / from);
  }
  for (const auto& [from, to] : plan.images) {
    const auto name = runtime::ImageRef::parse(to);
    const Result<> removed = name ? images.remove(*name, false) : Result<>(Fail(name.error()));
    if (!removed && removed.error().code() != Errc::not_found) {
      log::warn("removing " + to + ": " + removed.error().message());
    }
  }
}

}  // namespace dokku::server
