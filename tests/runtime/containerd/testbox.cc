// The only program in the tests' image: one small behaviour per word. Also their logger.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

void end_as_terminated(int) { ::_exit(143); }

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

void print_file(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  char piece[4096];
  for (ssize_t got; (got = ::read(fd, piece, sizeof piece)) > 0;) {
    if (::write(1, piece, static_cast<size_t>(got)) < 0) break;
  }
  ::close(fd);
}

int copy_input() {
  char piece[65536];
  ssize_t got = 0;
  while ((got = ::read(0, piece, sizeof piece)) > 0) {
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(1, piece + done, static_cast<size_t>(got - done));
      if (wrote < 0) return 1;
      done += wrote;
    }
  }
  return got < 0 ? 1 : 0;
}

// Touches memory until it is refused or killed.
int hog() {
  for (;;) {
    constexpr size_t kPiece = 4 << 20;
    void* piece = std::malloc(kPiece);
    if (piece == nullptr) return 1;
    std::memset(piece, 1, kPiece);
  }
}

// A child is killed for its memory, init goes on and ends well.
int hog_in_child() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(hog());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 0 : 1;
}

int print_terminal_size(bool wait_for_change) {
  if (!::isatty(0)) return 1;
  sigset_t changes;
  sigemptyset(&changes);
  sigaddset(&changes, SIGWINCH);
  ::sigprocmask(SIG_BLOCK, &changes, nullptr);
  winsize size{};
  ::ioctl(0, TIOCGWINSZ, &size);
  while (wait_for_change && size.ws_col == 0) {
    int number = 0;
    ::sigwait(&changes, &number);
    ::ioctl(0, TIOCGWINSZ, &size);
  }
  std::printf("%d columns %d rows\n", size.ws_col, size.ws_row);
  return 0;
}

// What a container must not be able to do; prints each that worked.
int try_to_break_out() {
  if (::mount("x", "/tmp", "tmpfs", 0, nullptr) == 0) std::puts("mount");
  if (::unshare(CLONE_NEWUSER) == 0) std::puts("unshare");
  if (::open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC) >= 0) std::puts("proc");
  if (::mknod("/tmp/device", S_IFBLK | 0600, 0) == 0) std::puts("mknod");
  if (::open("/proc/kcore", O_RDONLY | O_CLOEXEC) >= 0) std::puts("kcore");
  if (::chown("/testbox", 1, 1) == 0) std::puts("chown");
  std::puts("tried");
  return 0;
}

int print_network_namespace() {
  struct stat found {};
  if (::stat("/proc/self/ns/net", &found) < 0) return 1;
  std::printf("%llu\n", static_cast<unsigned long long>(found.st_ino));
  return 0;
}

int write_file(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  const bool written =
      ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
  ::close(fd);
  return written ? 0 : 1;
}

// As containerd's binary:// logger: 3 and 4 are the streams, 5 is closed when ready.
int log_to(const char* file) {
  ::signal(SIGTERM, SIG_IGN);
  const int out = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  ::close(5);
  pollfd streams[2] = {{3, POLLIN, 0}, {4, POLLIN, 0}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (::poll(streams, 2, -1) < 0) continue;
    for (pollfd& stream : streams) {
      if (stream.fd < 0 || stream.revents == 0) continue;
      char piece[4096];
      const ssize_t got = ::read(stream.fd, piece, sizeof piece);
      if (got <= 0) {
        stream.fd = -1;
      } else {
        const std::string text =
            (stream.fd == 3 ? "out " : "err ") + std::string(piece, static_cast<size_t>(got));
        if (::write(out, text.data(), text.size()) < 0) return 1;
      }
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const char* argument = argc > 2 ? argv[2] : "";
  if (what == "log") return log_to(argument);
  ::signal(SIGTERM, what == "ignore" ? SIG_IGN : end_as_terminated);
  if (what == "exit") return std::atoi(argument);
  if (what == "sleep" || what == "ignore") sleep_for_ever();
  if (what == "cat") return copy_input();
  if (what == "hog") return hog();
  if (what == "hog-child") return hog_in_child();
  if (what == "size") return print_terminal_size(false);
  if (what == "resized") return print_terminal_size(true);
  if (what == "break-out") return try_to_break_out();
  if (what == "netns") return print_network_namespace();
  if (what == "show") return print_file(argument), 0;
  if (what == "write") return write_file(argument, argv[3]);
  if (what == "say") return std::puts(argument), std::fputs(argc > 3 ? argv[3] : "", stderr), 0;
  return 99;
}
