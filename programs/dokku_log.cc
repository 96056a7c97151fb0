// dokku-log: containerd's binary:// logger of one container. Static, allocates nothing.
//
//   dokku-log dir PATH      descriptors: 3 stdout and 4 stderr of the container, 5 closed = ready
//
// Writes time-stamped records (docs/formats.md, "App logs") into segments of PATH and prunes the
// oldest. Nobody restarts a logger and an app whose logger is gone gets EPIPE: so signals are
// ignored, a full disk drops and counts lines but never stops the draining, and the end is the end
// of file of both streams.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kPieceBytesMax = 16384;  // a longer line becomes several records
constexpr std::size_t kHeadBytes = 35;         // "2026-11-21T02:22:57.123456789Z o F "
constexpr std::size_t kNameBytesMax = 160;
constexpr std::size_t kSegmentsSeenMax = 256;
constexpr std::size_t kSegmentsKeptMax = 64;  // a crash loop writes many small ones
constexpr int kPartialAfterMs = 1000;         // a line without an end is written after this

struct Limits {
  std::uint64_t segment_bytes = 10'000'000;  // 0: unlimited
  std::uint64_t segments = 3;
};

// --- names ---------------------------------------------------------------------------------------

std::uint64_t wall_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void put_digits(char* at, std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Only the day is computed with a library call, once a second.
void put_time(char* at) {
  static time_t cached = -1;
  static char text[20];
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != cached) {
    tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    std::memcpy(text, "0000-00-00T00:00:00.", 20);
    put_digits(text, static_cast<std::uint64_t>(parts.tm_year + 1900), 4);
    put_digits(text + 5, static_cast<std::uint64_t>(parts.tm_mon + 1), 2);
    put_digits(text + 8, static_cast<std::uint64_t>(parts.tm_mday), 2);
    put_digits(text + 11, static_cast<std::uint64_t>(parts.tm_hour), 2);
    put_digits(text + 14, static_cast<std::uint64_t>(parts.tm_min), 2);
    put_digits(text + 17, static_cast<std::uint64_t>(parts.tm_sec), 2);
    cached = now.tv_sec;
  }
  std::memcpy(at, text, 20);
  put_digits(at + 20, static_cast<std::uint64_t>(now.tv_nsec), 9);
  at[29] = 'Z';
}

// --- the directory -------------------------------------------------------------------------------

struct Seen {
  char name[kNameBytesMax];
  std::uint64_t bytes;
  timespec last_written;
  bool kept;
};
Seen g_seen[kSegmentsSeenMax];

bool older(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

// Returns how many were seen. Everything else in the directory is left alone.
std::size_t list_segments(int dir) {
  alignas(dirent64) static char buffer[16384];
  std::size_t count = 0;
  ::lseek(dir, 0, SEEK_SET);
  for (ssize_t got; (got = ::getdents64(dir, buffer, sizeof buffer)) > 0;) {
    for (ssize_t at = 0; at < got && count < kSegmentsSeenMax;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const std::size_t length = std::strlen(entry->d_name);
      if (length < 25 || length >= kNameBytesMax) continue;
      if (std::strcmp(entry->d_name + length - 4, ".log") != 0) continue;
      struct stat info {};
      if (::fstatat(dir, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0) continue;
      Seen& seen = g_seen[count++];
      std::memcpy(seen.name, entry->d_name, length + 1);
      seen.bytes = static_cast<std::uint64_t>(info.st_size);
      seen.last_written = info.st_mtim;
      seen.kept = false;
    }
  }
  return count;
}

// Each logger holds a lock on the segment that it writes.
bool in_use(int dir, const char* name) {
  const int fd = ::openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) < 0;
  ::close(fd);
  return locked;
}

// Removes the longest unwritten segments until `limits` hold, with room for one full segment.
void prune(int dir, const Limits& limits) {
  if (limits.segment_bytes == 0) return;
  const std::size_t count = list_segments(dir);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) total += g_seen[i].bytes;
  std::size_t left = count;
  const std::uint64_t room = limits.segment_bytes * (limits.segments - 1);
  while (total > room || left >= kSegmentsKeptMax) {
    Seen* oldest = nullptr;
    for (std::size_t i = 0; i < count; ++i) {
      if (g_seen[i].kept) continue;
      if (oldest == nullptr || older(g_seen[i].last_written, oldest->last_written)) {
        oldest = &g_seen[i];
      }
    }
    if (oldest == nullptr) return;
    oldest->kept = true;  // looked at
    if (in_use(dir, oldest->name)) continue;
    if (::unlinkat(dir, oldest->name, 0) < 0 && errno != ENOENT) continue;
    total -= oldest->bytes;
    --left;
  }
}

// "SEGMENT_BYTES SEGMENTS" in the file `limits` of the app's folder, beside ours.
Limits read_limits(int dir) {
  Limits limits;
  char text[64] = {};
  const int fd = ::openat(dir, "../limits", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return limits;
  const ssize_t got = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (got <= 0) return limits;
  char* end = nullptr;
  const std::uint64_t bytes = std::strtoull(text, &end, 10);
  const std::uint64_t segments = std::strtoull(end, nullptr, 10);
  if (end == text) return limits;
  limits.segment_bytes = bytes;
  if (segments >= 2 && segments <= kSegmentsKeptMax) limits.segments = segments;
  return limits;
}

int open_directory(char* path) {
  char* const last = std::strrchr(path, '/');
  if (last != nullptr && last != path) {
    *last = '\0';
    ::mkdir(path, 0750);
    *last = '/';
  }
  ::mkdir(path, 0750);
  return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// --- the segments of this container

class Journal {
 public:
  Journal(int dir, const char* container) : dir_(dir), container_(container) {}

  // Appends a record to the batch.
  void add(char stream, bool whole, const char* text, std::size_t length) {
    if (used_ + kHeadBytes + length + 1 > sizeof batch_) flush();
    char* at = batch_ + used_;
    put_time(at);
    at[30] = ' ';
    at[31] = stream;
    at[32] = ' ';
    at[33] = whole ? 'F' : 'P';
    at[34] = ' ';
    std::memcpy(at + kHeadBytes, text, length);
    at[kHeadBytes + length] = '\n';
    used_ += kHeadBytes + length + 1;
    ++records_;
  }

  void mark(const char* what, const char* subject) {
    char text[kNameBytesMax];
    const int length = std::snprintf(text, sizeof text, "%s%s", what, subject);
    add('s', true, text, static_cast<std::size_t>(length));
  }

  // Writes the batch, or drops and counts it.
  void flush() {
    if (used_ == 0) return;
    const std::uint64_t batch_records = records_;
    if (ready() && tell_dropped() && write_whole(batch_, used_)) {
      records_ = 0;
    } else {
      dropped_ += batch_records;
      records_ = 0;
    }
    used_ = 0;
  }

  // False: there is no segment to write to.
  bool ready() {
    if (fd_ >= 0 && (limits_.segment_bytes == 0 || size_ + used_ <= limits_.segment_bytes)) {
      return true;
    }
    if (fd_ >= 0 && size_ == 0) return true;  // a batch longer than a segment
    limits_ = read_limits(dir_);
    if (started_ == 0) started_ = wall_nanoseconds();
    char name[kNameBytesMax];
    std::snprintf(name, sizeof name, "%020llu-%.80s.%06u.log",
                  static_cast<unsigned long long>(started_), container_, sequence_ + 1);
    const int fresh =
        ::openat(dir_, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
    if (fresh < 0) return false;
    ::flock(fresh, LOCK_EX | LOCK_NB);
    if (fd_ >= 0) ::close(fd_);
    fd_ = fresh;
    size_ = 0;
    ++sequence_;
    prune(dir_, limits_);
    return true;
  }

 private:
  bool tell_dropped() {
    if (dropped_ == 0) return true;
    char line[kHeadBytes + 48];
    put_time(line);
    const int length = std::snprintf(line + 30, sizeof line - 30, " s F dropped %llu\n",
                                     static_cast<unsigned long long>(dropped_));
    if (!write_whole(line, 30 + static_cast<std::size_t>(length))) return false;
    dropped_ = 0;
    return true;
  }

  // All or nothing: what a full disk took of a record is cut off again.
  bool write_whole(const char* bytes, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t wrote = ::write(fd_, bytes + done, size - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) {
        if (done > 0 && ::ftruncate(fd_, static_cast<off_t>(size_)) < 0) size_ += done;
        return false;
      }
      done += static_cast<std::size_t>(wrote);
    }
    size_ += size;
    return true;
  }

  int dir_;
  const char* container_;
  Limits limits_;
  std::uint64_t started_ = 0;
  unsigned sequence_ = 0;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t records_ = 0;
  std::size_t used_ = 0;
  char batch_[65536];
};

// --- one stream of the container

class Stream {
 public:
  Stream(int fd, char name) : fd_(fd), name_(name) {}

  int fd() const { return fd_; }
  bool pending() const { return used_ > 0; }

  // One read; whole lines become records, the rest waits for its end.
  void take(Journal* journal) {
    const ssize_t got = ::read(fd_, line_ + used_, sizeof line_ - used_);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
      if (used_ > 0) journal->add(name_, true, line_, used_);
      used_ = 0;
      ::close(fd_);
      fd_ = -1;
      return;
    }
    used_ += static_cast<std::size_t>(got);
    split(journal);
  }

  void write_partial(Journal* journal) {
    if (used_ > 0) journal->add(name_, false, line_, used_);
    used_ = 0;
  }

 private:
  void split(Journal* journal) {
    char* at = line_;
    char* const end = line_ + used_;
    while (at < end) {
      auto* newline = static_cast<char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (newline == nullptr) break;
      journal->add(name_, true, at, static_cast<std::size_t>(newline - at));
      at = newline + 1;
    }
    used_ = static_cast<std::size_t>(end - at);
    std::memmove(line_, at, used_);
    if (used_ == sizeof line_) write_partial(journal);
  }

  int fd_;
  char name_;
  std::size_t used_ = 0;
  char line_[kPieceBytesMax];
};

// Until both streams are at their end.
void drain(Stream* out, Stream* err, Journal* journal) {
  while (out->fd() >= 0 || err->fd() >= 0) {
    pollfd ready[2] = {{out->fd(), POLLIN, 0}, {err->fd(), POLLIN, 0}};
    const bool pending = out->pending() || err->pending();
    const int count = ::poll(ready, 2, pending ? kPartialAfterMs : -1);
    if (count == 0) {
      out->write_partial(journal);
      err->write_partial(journal);
    }
    if (count > 0 && ready[0].revents != 0) out->take(journal);
    if (count > 0 && ready[1].revents != 0) err->take(journal);
    journal->flush();
  }
}

void survive() {
  for (int number = 1; number < 32; ++number) {
    if (number != SIGSEGV && number != SIGBUS && number != SIGILL && number != SIGFPE &&
        number != SIGABRT) {
      ::signal(number, SIG_IGN);
    }
  }
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t ignored = ::write(fd, "-900", 4);  // refused without the right to
  ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || std::strcmp(argv[1], "dir") != 0) {
    static const char kUsage[] = "usage: dokku-log dir PATH (started by containerd)\n";
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, kUsage, sizeof kUsage - 1);
    return 2;
  }
  survive();
  const char* const id = std::getenv("CONTAINER_ID");
  const int dir = open_directory(argv[2]);
  static Journal journal(dir, id != nullptr && std::strchr(id, '/') == nullptr ? id : "unknown");
  static Stream out(3, 'o'), err(4, 'e');
  journal.mark("start ", id != nullptr ? id : "unknown");
  journal.flush();
  ::close(5);
  drain(&out, &err, &journal);
  journal.mark("end", "");
  journal.flush();
  return 0;
}
