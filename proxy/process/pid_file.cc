#include "proxy/process/pid_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/io.h"
#include "base/log.h"

namespace dokku::proxy::process {
namespace {

constexpr std::size_t kStatBytesMax = 4096;
constexpr int kFieldsBehindName = 19;  // from the state (3rd) to the start time (22nd)

std::string start_time() {
  const Result<std::string> stat = read_file("/proc/self/stat", kStatBytesMax);
  if (!stat) return "";
  std::string_view rest = *stat;
  rest.remove_prefix(rest.rfind(')') + 2);
  for (int i = 0; i < kFieldsBehindName; ++i) rest.remove_prefix(rest.find(' ') + 1);
  return std::string(rest.substr(0, rest.find(' ')));
}

}  // namespace

Result<PidFile> PidFile::open(const std::filesystem::path& path) {
  if (path.empty()) return PidFile();
  UniqueFd file = TRY(open_file(path, O_WRONLY | O_CREAT, 0644));
  return PidFile(std::move(file));
}

void PidFile::write() const {
  if (!file_.valid()) return;
  const std::string text = std::to_string(::getpid()) + " " + start_time() + "\n";
  const auto size = static_cast<ssize_t>(text.size());
  if (::pwrite(file_.get(), text.data(), text.size(), 0) != size ||
      ::ftruncate(file_.get(), size) < 0) {
    log::warn("the file with the process id was not written");
  }
}

}  // namespace dokku::proxy::process
