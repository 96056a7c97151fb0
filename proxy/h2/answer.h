// AnswerLines: collects the fields of one HTTP/2 answer and says what they mean.
//
// The twin of RequestLines: written down as an HTTP/1.1 head and judged by the strict codec, so
// that what could not be one HTTP/1.1 answer is refused, by the same rules. That :status is there,
// first and alone, nghttp2 has seen to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/h1/head.h"
#include "proxy/http/message.h"

namespace dokku::proxy::h2 {

class AnswerLines {
 public:
  void clear();
  void add(std::string_view name, std::string_view value);
  // Decoded, as RFC 9113 §6.5.2 counts.
  std::size_t bytes() const { return bytes_; }

  // False: no answer that can be passed on. The head's views live until the next clear().
  bool parse(http::Method asked, http::AnswerHead& head);
  // Of a trailer section: what may come so late, as lines. Lives until the next clear().
  std::string_view trailers();

 private:
  std::string status_, lines_, message_;
  std::size_t bytes_ = 0;
  bool malformed_ = false;
};

}  // namespace dokku::proxy::h2
