#include "server/logs/limits.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/atomic_file.h"
#include "server/model/resources.h"

namespace dokku::server {
namespace {

constexpr int kSegmentsKept = 3;
constexpr const char* kFile = "limits";

}  // namespace

std::optional<std::uint64_t> parse_log_size(std::string_view text) {
  if (text == "unlimited") return kLogsUnlimited;
  return parse_memory(text);
}

Result<> write_log_limits(const std::filesystem::path& app_dir,
                          const std::optional<std::uint64_t>& segment_bytes) {
  const std::filesystem::path file = app_dir / kFile;
  if (!segment_bytes) {
    if (::unlink(file.c_str()) == 0 || errno == ENOENT) return {};
    return fail_syscall("unlink " + file.string(), errno);
  }
  std::error_code failed;
  std::filesystem::create_directories(app_dir, failed);
  if (failed) return fail(Errc::internal, "mkdir " + app_dir.string() + ": " + failed.message());
  return write_file_atomically(
      file, std::to_string(*segment_bytes) + " " + std::to_string(kSegmentsKept) + "\n");
}

}  // namespace dokku::server
