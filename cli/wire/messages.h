// What frames carry, as values: to bytes and back.
//
// Pure. Decoding never trusts a length: invalid_argument names the field that does not fit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::cli::wire {

inline constexpr std::uint32_t kWordsMax = 65536;
// Exit status (sysexits.h: EX_TEMPFAIL) for a client that can make its call anew by itself: an
// upgrade cut it off, and nothing was done. Such a client says so with the variable.
inline constexpr std::uint8_t kTryAgain = 75;
inline constexpr const char* kTriesAgain = "DOKKU_TRIES_AGAIN";

// What the client asks for, and from where.
struct Call {
  std::vector<std::string> argv;  // without the program's name
  std::map<std::string, std::string> environment;
  // Key id of the forced command; empty: not by ssh.
  std::string key_id;
  bool stdin_is_terminal = false;
  bool stdout_is_terminal = false;
  std::uint16_t columns = 80;
  std::uint16_t rows = 24;

  friend bool operator==(const Call&, const Call&) = default;
};

struct Resize {
  std::uint16_t columns = 80;
  std::uint16_t rows = 24;
};

// A process's streams for the client to copy. Descriptors follow in the order in, out, err.
struct Attach {
  bool has_in = false;
  bool has_out = false;
  bool has_err = false;
  bool terminal = false;
  // What to call when the daemon dies meanwhile: takes the process over, tells its end.
  std::vector<std::string> resume;

  friend bool operator==(const Attach&, const Attach&) = default;
};

// The program that the client becomes, with the client's own rights and descriptors.
struct Become {
  std::vector<std::string> argv;         // argv[0] is an absolute path
  std::vector<std::string> environment;  // "K=V", added to the client's own
  friend bool operator==(const Become&, const Become&) = default;
};

struct Answer {
  bool has_line = false;  // false: end of input
  std::string line;
};

std::string encode_call(const Call& call);
Result<Call> decode_call(std::string_view bytes);
std::string encode_resize(const Resize& resize);
Result<Resize> decode_resize(std::string_view bytes);
std::string encode_attach(const Attach& attach);
Result<Attach> decode_attach(std::string_view bytes);
std::string encode_become(const Become& become);
Result<Become> decode_become(std::string_view bytes);
std::string encode_answer(const Answer& answer);
Result<Answer> decode_answer(std::string_view bytes);
// Of signal and exit frames.
std::string encode_number(std::uint8_t number);
Result<std::uint8_t> decode_number(std::string_view bytes);

}  // namespace dokku::cli::wire
