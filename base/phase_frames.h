// The wire between the daemon and `dokku-init --serve`, PID 1 of a build container.
//
// One container serves all phases of a build: the daemon writes requests to PID 1's stdin, PID 1
// answers on its stdout. Whatever a phase prints travels inside frames. One phase at a time.
//
//   init   -> daemon   hello                     once, when it is ready to serve
//   daemon -> init     run                       argv, environment, directory
//   init   -> daemon   output*, then exited      or refused, when it could not be started
//   daemon -> init     kill                      ends what runs now (time limit, cancel);
//                                                `exited` follows as usual
//   daemon -> init     stop, or end of file      init kills everything and exits 0
//
// What PID 1 does for `run`: stdin is /dev/null; stdout and stderr are one pipe (or two, with
// kSeparateStreams), read and passed on as it comes. When the phase's own process has ended, every
// other process of the container is killed (SIGKILL) and reaped, the pipes are read to their end,
// and only then `exited` is written: a background process can neither hold the build nor write
// into a later phase.
//
// A frame: 'D', version, kind, stream (output: 1 or 2, else 0), payload length as 32 bits little
// endian, payload. The header part of this file allocates and throws nothing, for the static
// program; the std::string part is for the daemon. What the daemon reads was under the control of
// the pack (same uid as PID 1): every length is bounded, and nothing else is believed.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace dokku::phase {

inline constexpr unsigned char kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 8;
inline constexpr std::uint32_t kRequestBytesMax = 8U << 20;  // argv and environment
inline constexpr std::uint32_t kReplyBytesMax = 64U << 10;
inline constexpr std::uint32_t kStringsMax = 16384;  // argv and environment together

enum class Kind : std::uint8_t {
  hello = 1,
  run = 2,
  kill = 3,
  stop = 4,
  output = 5,
  exited = 6,
  refused = 7,
};

struct Header {
  Kind kind = Kind::hello;
  std::uint8_t stream = 0;
  std::uint32_t length = 0;
};

// --- plain part, used by both sides

inline void put_u32(unsigned char* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<unsigned char>(value >> (8 * i));
}
inline std::uint32_t get_u32(const unsigned char* in) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | in[i];
  return value;
}
inline void put_u64(unsigned char* out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value));
  put_u32(out + 4, static_cast<std::uint32_t>(value >> 32));
}
inline std::uint64_t get_u64(const unsigned char* in) {
  return get_u32(in) | (static_cast<std::uint64_t>(get_u32(in + 4)) << 32);
}

inline void encode_header(const Header& header, unsigned char (&out)[kHeaderBytes]) {
  out[0] = 'D';
  out[1] = kVersion;
  out[2] = static_cast<unsigned char>(header.kind);
  out[3] = header.stream;
  put_u32(out + 4, header.length);
}

// False: not a frame of this version, or longer than `length_max`.
inline bool decode_header(const unsigned char (&in)[kHeaderBytes], std::uint32_t length_max,
                          Header* header) {
  header->kind = static_cast<Kind>(in[2]);
  header->stream = in[3];
  header->length = get_u32(in + 4);
  return in[0] == 'D' && in[1] == kVersion && in[2] >= 1 && in[2] <= 7 &&
         header->length <= length_max;
}

// False: end of file before `size` bytes, or an error (errno, 0 at end of file).
inline bool read_exactly(int fd, void* into, std::size_t size) {
  char* at = static_cast<char*>(into);
  while (size > 0) {
    const ssize_t got = ::read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = 0;
      return false;
    }
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

inline bool write_exactly(int fd, const void* from, std::size_t size) {
  const char* at = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t wrote = ::write(fd, at, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    at += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

inline bool write_frame(int fd, Kind kind, std::uint8_t stream, const void* payload,
                        std::uint32_t length) {
  unsigned char head[kHeaderBytes];
  encode_header({kind, stream, length}, head);
  return write_exactly(fd, head, sizeof head) && write_exactly(fd, payload, length);
}

// Payload of `run`: flags, argc, envc (32 bits each), then argc + envc + 1 strings, each ended by
// a zero byte: the arguments, the environment, the directory.
inline constexpr std::uint32_t kSeparateStreams = 1;

// Pointers into the payload, ready for execve.
struct RunView {
  std::uint32_t flags = 0;
  char** argv = nullptr;
  char** envp = nullptr;
  const char* directory = nullptr;
};

// `pointers` has room for kStringsMax + 3 and must outlive the view. False: malformed.
inline bool decode_run(char* payload, std::size_t length, char** pointers, RunView* view) {
  if (length < 12) return false;
  const auto* head = reinterpret_cast<const unsigned char*>(payload);
  view->flags = get_u32(head);
  const std::uint32_t argc = get_u32(head + 4);
  const std::uint32_t envc = get_u32(head + 8);
  if (argc == 0 || argc > kStringsMax || envc > kStringsMax - argc) return false;
  char* at = payload + 12;
  char* const end = payload + length;
  std::size_t slot = 0;
  for (std::uint32_t i = 0; i <= argc + envc; ++i) {
    void* const zero = std::memchr(at, 0, static_cast<std::size_t>(end - at));
    if (zero == nullptr) return false;
    if (i == argc) pointers[slot++] = nullptr;
    if (i == argc + envc) {
      view->directory = at;
    } else {
      pointers[slot++] = at;
    }
    at = static_cast<char*>(zero) + 1;
  }
  pointers[slot] = nullptr;
  view->argv = pointers;
  view->envp = pointers + argc + 1;
  return at == end;
}

// Payload of `exited`. Exactly one of `code` and `signal` is not -1.
struct Exited {
  std::int32_t code = -1;
  std::int32_t signal = -1;
  std::uint64_t wall_ns = 0;    // from exec to exit of the phase's own process
  std::uint64_t cpu_us = 0;     // of it and its waited-for children
  std::uint32_t left_over = 0;  // background processes that were killed
};
inline constexpr std::uint32_t kExitedBytes = 28;

inline void encode_exited(const Exited& exited, unsigned char (&out)[kExitedBytes]) {
  put_u32(out, static_cast<std::uint32_t>(exited.code));
  put_u32(out + 4, static_cast<std::uint32_t>(exited.signal));
  put_u64(out + 8, exited.wall_ns);
  put_u64(out + 16, exited.cpu_us);
  put_u32(out + 24, exited.left_over);
}
inline bool decode_exited(const unsigned char* in, std::size_t length, Exited* exited) {
  if (length != kExitedBytes) return false;
  exited->code = static_cast<std::int32_t>(get_u32(in));
  exited->signal = static_cast<std::int32_t>(get_u32(in + 4));
  exited->wall_ns = get_u64(in + 8);
  exited->cpu_us = get_u64(in + 16);
  exited->left_over = get_u32(in + 24);
  return (exited->code >= 0) != (exited->signal >= 0);
}

// Payload of `refused`: text for people, such as "exec bin/compile: Permission denied".

// --- the daemon's part (base/phase_frames.cc; the static program does not link it)
// ----------------

// A whole `run` frame. Empty: a string holds a zero byte, or the limits above are exceeded.
std::string encode_run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
                       const std::string& directory, std::uint32_t flags);

}  // namespace dokku::phase
