#include "server/daemons/daemon_log.h"

#include <fcntl.h>

#include <system_error>

#include "base/io.h"
#include "base/log.h"

namespace dokku::server {

namespace fs = std::filesystem;

Result<UniqueFd> open_daemon_log(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return fail(Errc::internal, file.parent_path().string() + ": " + error.message());
  return open_file(file, O_WRONLY | O_CREAT | O_APPEND, 0640);
}

void trim_daemon_log(const fs::path& file, std::uint64_t bytes_max) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error || size <= bytes_max) return;
  const fs::path older = file.string() + ".1";
  fs::copy_file(file, older, fs::copy_options::overwrite_existing, error);
  // A full disk keeps no copy, but must not grow any further.
  if (error) log::warn("keeping " + older.string() + ": " + error.message());
  fs::resize_file(file, 0, error);
  if (error) log::warn("cutting " + file.string() + ": " + error.message());
}

}  // namespace dokku::server
