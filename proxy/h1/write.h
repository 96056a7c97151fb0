// Writes messages anew from what was parsed: heads and the framing of bodies (RFC 9112).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace dokku::proxy::h1 {

// What the proxy says to the app about where a request came from.
struct Forwarding {
  std::string_view client_address;  // X-Forwarded-For
  std::string_view proto;           // X-Forwarded-Proto
  std::string_view port;            // X-Forwarded-Port
  std::string_view request_id;      // X-Request-Id
  std::string_view request_start;   // X-Request-Start
  std::string_view host;            // X-Forwarded-Host; empty: what the request says
  std::string_view ssl;             // X-Forwarded-Ssl; empty: not written
  bool underscores = false;         // fields with "_" in their names pass, too
};

// Appends the head for the app. The body's framing is what `head` says.
void append_request(std::string& out, const http::RequestHead& head, const Forwarding& from);

// How an answer's body is framed for this client, and what becomes of the connection.
struct AnswerFraming {
  http::Body body = http::Body::none;
  bool keep_alive = true;
  bool client_is_1_0 = false;
  std::string_view date;  // written when the app sent none
  std::string_view lines;  // further fields of ours, each with its CRLF
};
void append_answer(std::string& out, const http::AnswerHead& head, const AnswerFraming& framing);

// "1a2b\r\n" for a chunk of `size` bytes; the data and "\r\n" follow.
class ChunkHeader {
 public:
  explicit ChunkHeader(std::uint64_t size);
  std::string_view text() const { return {text_.data() + from_, text_.size() - from_}; }

 private:
  std::array<char, 18> text_{};
  std::size_t from_;
};

}  // namespace dokku::proxy::h1
