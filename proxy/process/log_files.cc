#include "proxy/process/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/io.h"
#include "base/log.h"

namespace dokku::proxy::process {
namespace {

constexpr unsigned kMode = 0640;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-").find(c) != std::string_view::npos;
}

// Its app may have been destroyed or renamed meanwhile, and the file with it.
bool still_there(int fd, const std::filesystem::path& path) {
  struct stat ours {};
  struct stat there {};
  return ::fstat(fd, &ours) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

}  // namespace

std::string LogFiles::name_of(std::string_view app, bool error) {
  std::string name(app);
  std::replace_if(name.begin(), name.end(), [](char c) { return !is_plain(c); }, '_');
  if (name.starts_with('.')) name[0] = '_';
  return name + (error ? "-error.log" : "-access.log");
}

void LogFiles::append(const std::string& app, bool error, std::string_view lines) {
  if (folder_.empty() && (error || file_.empty())) return;
  const Result<> written = write(file_.empty() ? folder_ / name_of(app, error) : file_, lines);
  const bool was_in_trouble = std::exchange(in_trouble_, !written);
  if (!written && !was_in_trouble) log::error("access logs: " + written.error().message());
}

Result<> LogFiles::write(const std::filesystem::path& path, std::string_view lines) {
  File* file = TRY(opened(path));
  if (file->size > 0 && file->size + lines.size() > limits_.file_bytes_max) {
    open_.erase(path.native());
    rotate(path);
    file = TRY(opened(path));
  }
  file->size += lines.size();
  return write_all(file->fd.get(), lines);
}

Result<LogFiles::File*> LogFiles::opened(const std::filesystem::path& path) {
  const auto found = open_.find(path.native());
  if (found != open_.end() && still_there(found->second.fd.get(), path)) return &found->second;
  if (found != open_.end()) open_.erase(found);
  if (open_.size() >= limits_.open_files_max) open_.clear();
  File file;
  file.fd = TRY(open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, kMode));
  struct stat info {};
  if (::fstat(file.fd.get(), &info) < 0) return fail_syscall("fstat " + path.string(), errno);
  file.size = static_cast<std::uint64_t>(info.st_size);
  return &(open_[path.native()] = std::move(file));
}

void LogFiles::rotate(const std::filesystem::path& path) const {
  const auto numbered = [&](unsigned number) {
    return number == 0 ? path.native() : path.native() + "." + std::to_string(number);
  };
  for (unsigned number = limits_.old_files; number > 0; --number) {
    ::rename(numbered(number - 1).c_str(), numbered(number).c_str());
  }
  if (limits_.old_files == 0) ::remove(path.c_str());
}

}  // namespace dokku::proxy::process
