// What the worker that shows the set-up page asks dokkud, and what it hears.
//
// One message each over a socket that keeps their bounds (SOCK_SEQPACKET): fields that end with a
// zero byte. The worker has seen a stranger's bytes, so its messages are checked like a stranger's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dokku::server {

inline constexpr std::size_t kSetupFormBytesMax = 32 * 1024;
// A form's fields, decoded, are never longer than the form.
inline constexpr std::size_t kSetupMessageBytesMax = kSetupFormBytesMax + 4096;

struct SetupQuestion {
  bool apply = false;  // false: only look
  std::string token;
  std::string keys;  // as in platform/setup.h, as are the two that follow
  std::string domain;
  std::string address;
  friend bool operator==(const SetupQuestion&, const SetupQuestion&) = default;
};

struct SetupReply {
  enum class Kind : char { useless = 'u', form = 'f', refused = 'r', done = 'd' };
  Kind kind = Kind::useless;
  std::string address;  // of this server
  std::string keys;     // how many may push
  std::string domain;   // of the apps; empty: ports
  std::string remote;   // done: for git
  std::string message;  // refused: why, lines
  friend bool operator==(const SetupReply&, const SetupReply&) = default;
};

std::string encode(const SetupQuestion& question);
std::string encode(const SetupReply& reply);
// Nothing: not such a message.
std::optional<SetupQuestion> decode_setup_question(std::string_view bytes);
std::optional<SetupReply> decode_setup_reply(std::string_view bytes);

}  // namespace dokku::server
