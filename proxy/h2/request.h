// RequestLines: collects the fields of one HTTP/2 request and says what they mean.
//
// Writes them down as an HTTP/1.1 head and lets the strict codec judge that: what could not be
// written as one HTTP/1.1 message is refused (RFC 9113 §10.3), by the same rules. That the pseudo
// fields are there, once, known and first, nghttp2 has seen to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/h1/head.h"
#include "proxy/http/message.h"

namespace dokku::proxy::h2 {

class RequestLines {
 public:
  void clear();
  void add(std::string_view name, std::string_view value);
  // Decoded, as RFC 9113 §6.5.2 counts.
  std::size_t bytes() const { return bytes_; }

  // 0: `head` is filled; its views live until the next clear(). 400: malformed, the stream is to be
  // reset. Other: the status to answer with. `end`: no body follows.
  // Of a trailer section: what may come so late, as lines. Lives until the next clear().
  std::string_view trailers();
  int parse(bool end, const h1::HeadLimits& limits, http::RequestHead& head);

 private:
  bool add_pseudo(std::string_view name, std::string_view value);

  std::string method_, path_, authority_, host_, cookies_;
  std::string lines_;  // "name: value\r\n"…
  std::string message_;
  std::size_t bytes_ = 0;
  bool malformed_ = false;
  bool length_ = false;
};

}  // namespace dokku::proxy::h2
