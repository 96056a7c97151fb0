// Frames: how client and daemon talk over the command socket.
//
// A SOCK_STREAM unix socket. Each side first sends the 8 bytes of the greeting (its version), then
// frames: u32 payload length, u8 type, u8 number of descriptors, u16 zero; little-endian; payload.
// Descriptors (SCM_RIGHTS) travel with the first byte of their frame. The client sends greeting and
// call at once, so a command costs one round trip.
// The greeting and the frames err and exit never change, so that a newer daemon can tell an older
// client in words what to type. A newer client sees the daemon's version and decides itself.
// Everything here is pure: bytes in, frames out; no sockets. Threads: one per reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::cli::wire {

inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::uint16_t kOldestVersion = 1;  // of a peer that is still understood
inline constexpr std::size_t kGreetingBytes = 8;
inline constexpr std::size_t kHeaderBytes = 8;
// A call holds a whole command line (the kernel's own limit is 2 MiB); all else is small.
inline constexpr std::size_t kCallBytesMax = (2U << 20) + (128U << 10);
inline constexpr std::size_t kPayloadBytesMax = 128U << 10;
// Bulk output is cut into frames of this size.
inline constexpr std::size_t kDataBytesMax = 32U << 10;
inline constexpr unsigned kDescriptorsMax = 8;

enum class FrameType : std::uint8_t {
  // client to daemon
  call = 1,       // messages.h: Call
  signal = 2,     // u8: number of a signal that the client got
  resize = 3,     // u16 columns, u16 rows
  input = 4,      // bytes of standard input
  input_end = 5,  // standard input is at its end; while attached: the client closed `in`
  answer = 6,     // u8 has a line, string
  opened = 7,     // string: error message, or empty and one descriptor
  // daemon to client
  out = 32,         // bytes for standard output
  err = 33,         // bytes for standard error
  exit = 34,        // u8 status; the last frame
  want_input = 35,  // send standard input until its end
  ask = 36,         // string: prompt; the client sends answer
  open = 37,        // string: path to open for reading, empty: standard input; the client sends
                    // opened
  attach = 38,      // messages.h: Attach
  become = 39,      // messages.h: Become; the last frame
  create = 40,      // string: path of a file to make (0600), removed when the command fails; empty:
                    // standard output; the client sends opened
  ask_secret = 41,  // as ask, and what is typed is not shown
};

struct Frame {
  FrameType type = FrameType::call;
  unsigned descriptors = 0;
  std::string payload;
};

std::string greeting(std::uint16_t version = kVersion);
// CHECKs the payload's limit: callers cut data first.
std::string encode(FrameType type, std::string_view payload, unsigned descriptors = 0);

// Which side's frames a reader accepts.
enum class From { client, daemon };

// Cuts a stream into frames. After an error the stream is of no use any more.
class FrameReader {
 public:
  explicit FrameReader(From from) : from_(from) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The peer's version, once its greeting is there. invalid_argument: not our protocol at all.
  Result<std::optional<std::uint16_t>> version();
  // nullopt: more bytes are needed. Also nullopt before the greeting was seen.
  // invalid_argument names what is wrong: unknown type, too long, reserved bits.
  Result<std::optional<Frame>> next();

 private:
  Result<> check(std::uint8_t type, std::size_t length, unsigned descriptors) const;

  From from_;
  bool greeted_ = false;
  std::uint16_t version_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace dokku::cli::wire
