#include "server/platform/placing.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <system_error>

#include "base/log.h"
#include "server/deploy/pipeline.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr int kAsideMax = 1000;

// "dokku/blog:r3" of blog to shop's "dokku/shop:r3".
std::string image_of(const BackupImage& image, const std::string& to) {
  return image_prefix(to) + image.ref.substr(image_prefix(image.app).size());
}

Result<> move(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return fail_syscall("moving to " + to.string(), errno);
  }
  return {};
}

bool is_free(const fs::path& path) {
  std::error_code ignored;
  const auto status = fs::symlink_status(path, ignored);
  if (status.type() == fs::file_type::not_found) return true;
  return status.type() == fs::file_type::directory && fs::is_empty(path, ignored);
}

}  // namespace

Placing::~Placing() {
  if (kept_) return;
  for (const runtime::ImageRef& image : placed_images_) {
    const Result<> removed = images_.remove(image, false);
    if (!removed) log::warn("removing " + image.str() + ": " + removed.error().message());
  }
  std::error_code failed;
  for (const fs::path& path : placed_) fs::remove_all(path, failed);
  for (const auto& [was, is] : aside_) fs::rename(is, was, failed);
}

Result<std::vector<std::string>> Placing::compose(const StagedBackup& backup) {
  std::vector<std::string> notes;
  const fs::path folder = dir_.path() / "layers";
  for (const BackupImage& image : backup.manifest.images) {
    std::vector<runtime::LayerFile> layers = image.layers;
    for (runtime::LayerFile& layer : layers) {
      layer.path = folder / layer.digest.str().substr(sizeof("sha256:") - 1);
      std::error_code missing;
      // As it is, whatever the manifest says.
      layer.size_bytes = fs::file_size(layer.path, missing);
      if (missing) return fail(Errc::internal, layer.path.string() + ": " + missing.message());
    }
    const runtime::ImageRef name = TRY(dir_.image_name(image.ref));
    const auto made = images_.compose(name, nullptr, layers, image.config);
    if (!made) return Fail(Error(made.error()).while_("The image " + image.ref));
    if (made->manifest.str() != image.manifest) {
      notes.push_back("The image " + image.ref + " was put together anew");
    }
  }
  std::error_code failed;
  fs::remove_all(folder, failed);
  return notes;
}

Result<> Placing::place_image(const BackupImage& image, const std::string& to) {
  const runtime::ImageRef staged = TRY(dir_.image_name(image.ref));
  runtime::ImageRef name = TRY(runtime::ImageRef::parse(image_of(image, to)));
  TRY(images_.tag(staged, name));
  placed_images_.push_back(std::move(name));
  return {};
}

Result<> Placing::place_sources(const std::string& from, const std::string& to) {
  const fs::path staged = dir_.path() / "sources" / from;
  std::error_code missing;
  if (!fs::exists(staged, missing)) return {};
  const fs::path target = instance_.sources_dir() / to;
  fs::remove_all(target, missing);  // of nobody: the name is free and its turn ours
  TRY(move(staged, target));
  ::chmod(target.c_str(), 0755);
  placed_.push_back(target);
  return {};
}

Result<std::string> Placing::place_volume(const std::string& from, const std::string& to,
                                          bool aside) {
  const fs::path target = instance_.storage_dir() / to;
  std::string moved_to;
  if (!is_free(target)) {
    for (int i = 1; aside && i < kAsideMax && moved_to.empty(); ++i) {
      const std::string name = to + ".before-restore-" + std::to_string(i);
      std::error_code ignored;
      if (!fs::exists(fs::symlink_status(instance_.storage_dir() / name, ignored))) moved_to = name;
    }
    if (moved_to.empty()) {
      return fail(Errc::conflict,
                  "The storage directory " + to + " is there already and not empty");
    }
    TRY(move(target, instance_.storage_dir() / moved_to));
    aside_.emplace_back(target, instance_.storage_dir() / moved_to);
  }
  const fs::path staged = TRY(dir_.volumes());
  TRY(move(staged / from, target));
  placed_.push_back(target);
  return moved_to;
}

}  // namespace dokku::server
