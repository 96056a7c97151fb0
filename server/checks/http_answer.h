// HttpAnswer: the answer to a health check, as its bytes come in.
//
// Only what a check needs of RFC 9112: status, where the body ends, the body (chunks undone, at
// most kBodyBytesMax). The proxy's codec is stricter and elsewhere: here a process of the app's own
// answers us. No sockets inside.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

class HttpAnswer {
 public:
  static constexpr std::size_t kHeadBytesMax = 64 << 10;
  static constexpr std::size_t kBodyBytesMax = 1 << 20;

  // invalid_argument: these are not the bytes of an answer.
  Result<> add(std::string_view bytes);
  // The connection was closed. invalid_argument: in the midst of the head.
  Result<> end();
  // Nothing more is of interest.
  bool complete() const { return complete_; }
  bool has_head() const { return status_ != 0; }

  int status() const { return status_; }
  const std::string& body() const { return body_; }

 private:
  Result<> read_head();
  void take_body();
  bool take_chunk();

  std::string raw_;  // not taken yet
  std::string body_;
  int status_ = 0;
  bool chunked_ = false;
  std::optional<std::size_t> left_;  // of the body, or of a chunk
  bool complete_ = false;
};

}  // namespace dokku::server
