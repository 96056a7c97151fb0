#include "runtime/containerd/private_containerd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/atomic_file.h"
#include "base/cancel.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "runtime/containerd/answers.h"

namespace dokku::runtime {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr auto kStartLimit = std::chrono::seconds(30);
constexpr auto kStopLimit = std::chrono::seconds(20);
// Go's collector lets a heap double before it runs, and gives back late. Shims inherit this, and
// there is one for each app.
constexpr const char* kGoGc = "GOGC=50";

// The shims inherit it, and find runc by it.
constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// No CRI, no snapshotters but overlayfs and native, nothing that phones or restarts: half the start
// time. Version 2 is understood by 1.6 to 2.x.
std::string config_text(const PrivateContainerdOptions& options) {
  const fs::path run = options.socket.parent_path();
  const auto line = [](const char* key, const fs::path& value) {
    return std::string(key) + " = \"" + value.string() + "\"\n";
  };
  return "# Written at each start; edits are lost.\n"
         "version = 2\n" +
         line("root", options.root) + line("state", run / "containerd") +
         "disabled_plugins = [\n"
         "  \"io.containerd.grpc.v1.cri\", \"io.containerd.cri.v1.images\",\n"
         "  \"io.containerd.cri.v1.runtime\", \"io.containerd.nri.v1.nri\",\n"
         "  \"io.containerd.snapshotter.v1.aufs\", \"io.containerd.snapshotter.v1.btrfs\",\n"
         "  \"io.containerd.snapshotter.v1.devmapper\", \"io.containerd.snapshotter.v1.zfs\",\n"
         "  \"io.containerd.snapshotter.v1.blockfile\", \"io.containerd.snapshotter.v1.erofs\",\n"
         "  \"io.containerd.internal.v1.opt\", \"io.containerd.internal.v1.restart\",\n"
         "  \"io.containerd.internal.v1.tracing\", \"io.containerd.tracing.processor.v1.otlp\",\n"
         "]\n"
         "[grpc]\n" +
         line("address", options.socket) + "[ttrpc]\n" +
         line("address", fs::path(options.socket.string() + ".ttrpc")) +
         "[debug]\nlevel = \"warn\"\n";
}

UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// The directories, and the path of the configuration.
Result<fs::path> write_config(const PrivateContainerdOptions& options) {
  std::error_code error;
  fs::create_directories(options.root, error);
  if (!error) fs::create_directories(options.socket.parent_path(), error);
  if (error) return fail(Errc::internal, "making containerd's directories: " + error.message());
  const fs::path config = options.root / "config.toml";
  TRY(write_file_atomically(config, config_text(options)));
  return config;
}

// Who listens at the socket, from the kernel. 0: nobody.
pid_t listener_of(const fs::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof address.sun_path) return 0;
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size() + 1);
  const UniqueFd peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    return 0;
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return 0;
  return credentials.pid;
}

// True: readable within `limit`.
bool wait_readable(int fd, std::chrono::milliseconds limit) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(limit.count())) > 0;
}

std::string last_words(const fs::path& log) {
  constexpr std::size_t kBytes = 1000;
  const Result<std::string> text = read_file(log);
  if (!text) return "";
  return text->size() > kBytes ? text->substr(text->size() - kBytes) : *text;
}

class Minder : public PrivateContainerd {
 public:
  Minder(PrivateContainerdOptions options, CancelToken cancel)
      : options_(std::move(options)), cancel_(std::move(cancel)) {}

  ~Minder() override {
    cancel_.cancel();
    if (thread_.joinable()) thread_.join();
  }

  Result<> begin() {
    const pid_t there = listener_of(options_.socket);
    if (there > 0 && containerd_answers(options_.socket, std::chrono::seconds(5))) {
      UniqueFd pidfd = open_pidfd(there);
      if (!pidfd.valid()) return fail_syscall("pidfd_open", errno);
      adopt(there, std::move(pidfd));
    } else {
      TRY(start());
    }
    thread_ = std::thread([this] { mind(); });
    return {};
  }

  pid_t pid() const override {
    const std::lock_guard lock(mutex_);
    return pid_;
  }

  Result<> stop() override {
    cancel_.cancel();
    if (thread_.joinable()) thread_.join();
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0) < 0 && errno != ESRCH) {
      return fail_syscall("pidfd_send_signal", errno);
    }
    if (!wait_readable(pidfd_.get(), kStopLimit)) {
      return fail(Errc::timed_out, "containerd does not stop");
    }
    reap();
    return {};
  }

 private:
  fs::path log_file() const { return options_.root / "containerd.log"; }

  Result<> start() {
    const fs::path config = TRY(write_config(options_));
    const UniqueFd log = TRY(open_file(log_file(), O_WRONLY | O_CREAT | O_APPEND));
    ProcessSpec spec;
    spec.program = options_.program;
    spec.arguments = {"containerd", "--config", config.string()};
    spec.environment = {kPath, kGoGc};
    spec.stdout_fd = log.get();
    spec.stderr_fd = log.get();
    spec.new_session = true;
    spec.cgroup_procs_files = options_.cgroup_procs_files;
    Process process = TRY(Process::start(spec));
    UniqueFd pidfd = open_pidfd(process.pid());
    const pid_t pid = process.pid();
    process.let_go();  // it shall outlive us
    if (!pidfd.valid()) return fail_syscall("pidfd_open", errno);
    adopt(pid, std::move(pidfd));
    return wait_for_answer();
  }

  Result<> wait_for_answer() {
    const TimePoint end = Steady::now() + kStartLimit;
    while (Steady::now() < end && !cancel_.cancelled()) {
      if (containerd_answers(options_.socket, std::chrono::milliseconds(500))) return {};
      if (wait_readable(pidfd_.get(), std::chrono::milliseconds(0))) {
        reap();
        return fail(Errc::unavailable, "containerd has ended: " + last_words(log_file()));
      }
    }
    return fail(Errc::unavailable, "containerd does not answer: " + last_words(log_file()));
  }

  // Starts it again whenever it has ended, at once first and then ever slower.
  void mind() {
    constexpr auto kBackOffMax = std::chrono::milliseconds(5000);
    auto back_off = std::chrono::milliseconds(0);
    for (;;) {
      pollfd waited[2] = {{pidfd_.get(), POLLIN, 0}, {cancel_.fd(), POLLIN, 0}};
      if (::poll(waited, 2, -1) < 0 && errno != EINTR) return;
      if (cancel_.cancelled()) return;
      if (waited[0].revents == 0) continue;
      reap();
      log::warn("containerd has ended; starting it again");
      for (;;) {
        if (wait_readable(cancel_.fd(), back_off)) return;
        const Result<> started = start();
        if (started) break;
        log::error(started.error().message());
        back_off = std::min(kBackOffMax, back_off * 2 + std::chrono::milliseconds(100));
      }
      back_off = std::chrono::milliseconds(0);
    }
  }

  void adopt(pid_t pid, UniqueFd pidfd) {
    const std::lock_guard lock(mutex_);
    pid_ = pid;
    pidfd_ = std::move(pidfd);
    if (options_.pid_file.empty()) return;
    const Result<> noted =
        write_file_atomically(options_.pid_file, std::to_string(pid) + "\n", 0644);
    if (!noted) log::warn(noted.error().message());
  }

  // Of a child the kernel keeps the status until asked; another's child is not ours to reap.
  void reap() { ::waitpid(pid_, nullptr, WNOHANG); }

  const PrivateContainerdOptions options_;
  CancelToken cancel_;
  mutable std::mutex mutex_;  // pid_, which pid() reads; the rest is the minding thread's
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<PrivateContainerd>> PrivateContainerd::ensure(
    const PrivateContainerdOptions& options) {
  CancelToken cancel = TRY(CancelToken::create());
  auto minder = std::make_unique<Minder>(options, std::move(cancel));
  TRY(minder->begin());
  return Result<std::unique_ptr<PrivateContainerd>>(std::move(minder));
}

Result<> become_containerd(const PrivateContainerdOptions& options) {
  const fs::path config = TRY(write_config(options));
  // The rest of the environment stays: where the service manager listens.
  for (const char* const setting : {kPath, kGoGc}) {
    if (::putenv(const_cast<char*>(setting)) != 0) return fail_syscall("putenv", errno);
  }
  ::execlp(options.program.c_str(), "containerd", "--config", config.c_str(),
           static_cast<char*>(nullptr));
  return fail_syscall("executing " + options.program, errno);
}

}  // namespace dokku::runtime
