// Puts the framing of a body around its runs, for either direction.
#pragma once

#include <string_view>

#include "proxy/h1/write.h"
#include "proxy/http/message.h"
#include "proxy/net/stream.h"

namespace dokku::proxy::session {

// One run of a body, framed: lives until the bytes were written.
class FramedRun {
 public:
  FramedRun(http::Body kind, std::string_view data, bool end, std::string_view trailers)
      : chunk_(data.size()) {
    const bool chunked = kind == http::Body::chunked;
    if (!data.empty()) {
      if (chunked) before_ = chunk_.text();
      data_ = data;
      if (chunked) after_ = end ? std::string_view("\r\n0\r\n") : std::string_view("\r\n");
    } else if (chunked && end) {
      after_ = "0\r\n";
    }
    if (chunked && end) {
      trailers_ = trailers;
      last_ = "\r\n";
    }
  }
  FramedRun(const FramedRun&) = delete;
  FramedRun& operator=(const FramedRun&) = delete;

  // f(piece) for each piece, in order.
  template <class F>
  void each(F&& f) const {
    for (const std::string_view piece : {before_, data_, after_, trailers_, last_}) {
      if (!piece.empty()) f(piece);
    }
  }

 private:
  h1::ChunkHeader chunk_;
  std::string_view before_, data_, after_, trailers_, last_;
};

}  // namespace dokku::proxy::session
