#include "server/daemons/version_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/io.h"
#include "base/log.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

// Every version has it.
constexpr const char* kMark = "dokkud";

Result<> sync_folder(const fs::path& folder) {
  const UniqueFd opened = TRY(open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(opened.get()) < 0) return fail_syscall("fsync " + folder.string(), errno);
  return {};
}

// Relative, so that the folders may move together.
Result<> point(const fs::path& link, const fs::path& target) {
  const fs::path fresh = link.string() + ".new";
  std::error_code error;
  fs::remove(fresh, error);
  const fs::path place = fs::canonical(link.parent_path(), error);
  fs::create_symlink(error ? target : target.lexically_relative(place), fresh, error);
  if (!error) fs::rename(fresh, link, error);
  if (error) return fail(Errc::internal, link.string() + ": " + error.message());
  return sync_folder(link.parent_path());
}

}  // namespace

Result<VersionFolder> VersionFolder::behind(const fs::path& link) {
  std::error_code error;
  fs::path target = fs::read_symlink(link, error);
  if (error) {
    return fail(Errc::conflict, link.string() +
                                    " is no link into a folder of versions, so there is nothing "
                                    "to change to. Start the instance anew, from packaging");
  }
  if (target.is_relative()) target = link.parent_path() / target;
  fs::path folder = fs::canonical(target.lexically_normal().parent_path(), error);
  if (error) return fail(Errc::conflict, target.string() + ": " + error.message());
  return VersionFolder(link, std::move(folder));
}

std::string VersionFolder::current() const {
  std::error_code error;
  return fs::read_symlink(link_, error).filename().string();
}

bool VersionFolder::has(const std::string& version) const {
  if (version.empty() || version == "." || version == ".." ||
      version.find('/') != std::string::npos) {
    return false;
  }
  std::error_code error;
  return fs::exists(path_of(version) / kMark, error);
}

Result<> VersionFolder::lead_to(const std::string& version) const {
  return point(link_, folder_ / version);
}

Result<> VersionFolder::prove(const std::string& version) const {
  return point(folder_ / "proven", folder_ / version);
}

std::string VersionFolder::version_of(pid_t pid) const {
  std::error_code error;
  // " (deleted)" may follow; it is behind the program's name.
  const fs::path program = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
  if (error || program.parent_path().parent_path() != folder_) return "";
  return program.parent_path().filename().string();
}

void VersionFolder::keep_only(const std::set<std::string>& versions) const {
  std::error_code error;
  std::set<fs::path> superfluous;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_symlink() && has(name) && !versions.contains(name)) {
      superfluous.insert(entry.path());
    }
  }
  for (const fs::path& path : superfluous) {
    fs::remove_all(path, error);
    if (error) log::warn("removing " + path.string() + ": " + error.message());
  }
}

}  // namespace dokku::server
