// BodyDecoder: takes the framing off a body (RFC 9112 §6, §7.1).
//
// Fed with whatever bytes there are; hands out runs of content in place, without copying. Gives the
// same content and the same verdict however the bytes were cut. Owns nothing but trailers (rare).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace dokku::proxy::h1 {

inline constexpr std::uint32_t kChunkExtensionBytesMax = 4096;  // per body
inline constexpr std::size_t kTrailerBytesMax = 8192;
inline constexpr unsigned kChunkSizeDigitsMax = 15;

class BodyDecoder {
 public:
  enum class Status : std::uint8_t { more, done, bad };

  struct Step {
    Status status = Status::more;
    std::size_t consumed = 0;
    std::string_view data;  // within the input; may be empty
  };

  void start(http::Body kind, std::uint64_t length);
  // Consumes a prefix of `bytes`, at most up to the end of one run of content. With `more` and
  // everything consumed, come back with further bytes; `done` and `bad` are final.
  Step next(std::string_view bytes);
  // As next, until the input is used up or the body ends; content that came in several chunks is
  // moved together inside `bytes`.
  Step next_all(char* bytes, std::size_t size);

  bool done() const { return state_ == State::done; }
  // More is owed for certain: a known length, a chunk or the trailer section is not whole.
  bool in_the_middle() const {
    return state_ != State::done && state_ != State::bad && state_ != State::until_close &&
           state_ != State::size_first;
  }
  http::Body kind() const { return kind_; }
  // After done: the trailer fields worth passing on, as lines "Name: value\r\n".
  // Valid until the next start().
  std::string_view trailers() const {
    return trailers_ ? std::string_view(*trailers_) : std::string_view();
  }

 private:
  enum class State : std::uint8_t {
    done,
    bad,
    known_length,
    until_close,
    size_first,
    size,
    ext_blank,       // after the size: SP or HTAB, then ';'
    ext_name_first,  // after ';'
    ext_name,
    ext_after_name,  // blanks, then '=' or ';'
    ext_value_first,
    ext_token,
    ext_quoted,
    ext_quoted_pair,
    ext_after_value,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailers,
  };

  State framing(char c);
  State in_extension(char c);
  State after_size(char c) const;
  bool take_size_digit(char c);
  std::size_t take_trailers(std::string_view bytes);
  bool clean_trailers();

  State state_ = State::done;
  http::Body kind_ = http::Body::none;
  std::uint8_t digits_ = 0;
  std::uint32_t extension_bytes_ = 0;
  std::uint64_t left_ = 0;
  std::unique_ptr<std::string> trailers_;  // none for nearly every body, and there are many of us
};

}  // namespace dokku::proxy::h1
