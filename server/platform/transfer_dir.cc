#include "server/platform/transfer_dir.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/log.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImages = "transfer/";
constexpr const char* kVolumes = ".transfer-";  // no name of a storage folder begins so

fs::path place(const Instance& instance) { return instance.state_dir / "transfers"; }

void remove_images(runtime::Images& images, const std::string& prefix) {
  const auto names = images.list(prefix);
  if (!names) return log::warn("listing images: " + names.error().message());
  for (const runtime::ImageRef& name : *names) {
    const Result<> removed = images.remove(name, false);
    if (!removed) log::warn("removing " + name.str() + ": " + removed.error().message());
  }
}

}  // namespace

Result<TransferDir> TransferDir::create(const Instance& instance, runtime::Images& images) {
  std::error_code failed;
  fs::create_directories(place(instance), failed);
  if (failed) return fail(Errc::internal, place(instance).string() + ": " + failed.message());
  std::string pattern = (place(instance) / "XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return fail_syscall("mkdtemp " + pattern, errno);
  const std::string name = fs::path(pattern).filename().string();
  TransferDir made(pattern, instance.storage_dir() / (kVolumes + name), images);
  if (::chmod(pattern.c_str(), 0711) != 0) return fail_syscall("chmod " + pattern, errno);
  return made;
}

TransferDir::TransferDir(TransferDir&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      volumes_(std::move(other.volumes_)),
      images_(other.images_) {}

TransferDir::~TransferDir() {
  if (path_.empty()) return;
  remove_images(*images_, prefix());
  std::error_code failed;
  fs::remove_all(path_, failed);
  if (failed) log::warn("removing " + path_.string() + ": " + failed.message());
  fs::remove(path_.parent_path(), failed);  // unless others are at work
  fs::remove_all(volumes_, failed);
}

std::string TransferDir::prefix() const { return kImages + path_.filename().string() + "/"; }

Result<fs::path> TransferDir::folder(const std::string& name) const {
  fs::path made = path_ / name;
  if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail_syscall("mkdir " + made.string(), errno);
  }
  return made;
}

Result<fs::path> TransferDir::volumes() const {
  std::error_code failed;
  fs::create_directories(volumes_.parent_path(), failed);
  if (::mkdir(volumes_.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail_syscall("mkdir " + volumes_.string(), errno);
  }
  return volumes_;
}

Result<runtime::ImageRef> TransferDir::image_name(const std::string& ref) const {
  return runtime::ImageRef::parse(prefix() + ref);
}

std::vector<StagedPlaces> transfers_left(const Instance& instance) {
  std::vector<StagedPlaces> left;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(place(instance), none)) {
    const std::string name = entry.path().filename().string();
    left.push_back({entry.path(), instance.storage_dir() / (kVolumes + name)});
  }
  return left;
}

void remove_transfers(const Instance& instance, runtime::Images& images) {
  remove_images(images, kImages);
  std::error_code failed;
  fs::remove_all(place(instance), failed);
  if (failed) log::warn("removing " + place(instance).string() + ": " + failed.message());
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(instance.storage_dir(), none)) {
    if (entry.path().filename().string().starts_with(kVolumes)) fs::remove_all(entry, none);
  }
}

}  // namespace dokku::server
