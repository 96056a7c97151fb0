#include "server/daemons/running.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "base/io.h"

namespace dokku::server {
namespace {

constexpr std::size_t kStatBytesMax = 4096;
constexpr int kFieldsBehindName = 19;  // from the state (3rd) to the start time (22nd)

Result<std::string> start_time_of(pid_t pid) {
  const std::string stat =
      TRY(read_file("/proc/" + std::to_string(pid) + "/stat", kStatBytesMax));
  std::string_view rest = stat;
  rest.remove_prefix(std::min(rest.rfind(')') + 2, rest.size()));
  for (int i = 0; i < kFieldsBehindName; ++i) {
    rest.remove_prefix(std::min(rest.find(' '), rest.size() - 1) + 1);
  }
  return std::string(rest.substr(0, rest.find(' ')));
}

}  // namespace

Result<Running> Running::of(pid_t pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd.valid()) return Running(pid, std::move(pidfd));
  if (errno == ESRCH || errno == EINVAL) return fail(Errc::not_found, "no such process");
  return fail_syscall("pidfd_open", errno);
}

Result<Running> Running::noted_in(const std::filesystem::path& file) {
  const std::string text = TRY(read_file(file, kStatBytesMax));
  pid_t pid = 0;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, pid);
  if (error != std::errc() || pid <= 0) return fail(Errc::not_found, file.string() + " is empty");
  // The descriptor first: from then on the number cannot be given away unseen.
  Running running = TRY(of(pid));
  if (running.has_ended()) return fail(Errc::not_found, "it has ended");
  std::string_view noted(behind, static_cast<std::size_t>(end - behind));
  while (!noted.empty() && (noted.front() == ' ' || noted.front() == '\n')) noted.remove_prefix(1);
  noted = noted.substr(0, noted.find('\n'));
  const std::string begun = TRY(start_time_of(pid));
  if (!noted.empty() && noted != begun) return fail(Errc::not_found, "it is another process now");
  return running;
}

Result<> Running::note_in(const std::filesystem::path& file) const {
  const std::string begun = TRY(start_time_of(pid_));
  const std::string text = std::to_string(pid_) + " " + begun + "\n";
  // In place, since the proxy keeps its file open for whoever takes over, and writes the same.
  const UniqueFd opened = TRY(open_file(file, O_WRONLY | O_CREAT, 0644));
  if (::pwrite(opened.get(), text.data(), text.size(), 0) < 0) return fail_syscall("write", errno);
  if (::ftruncate(opened.get(), static_cast<off_t>(text.size())) < 0) {
    return fail_syscall("truncate", errno);
  }
  return {};
}

bool Running::has_ended() const {
  pollfd ended{pidfd_.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) > 0;
}

Result<> Running::signal(int number) const {
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0) return {};
  if (errno == ESRCH) return fail(Errc::not_found, "it has ended");
  return fail_syscall("pidfd_send_signal", errno);
}

}  // namespace dokku::server
