// HTTP/1.1 heads: bytes in, a message or a verdict out (RFC 9112 §2 to §6, RFC 9110 §5 to §7).
//
// Strict: what could mean two things is refused, and the refusal does not depend on how the bytes
// were cut into pieces: lines are judged one after another. Knows no socket and no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/message.h"

namespace dokku::proxy::h1 {

struct HeadLimits {
  std::size_t head_bytes_max = 32 * 1024;
  std::size_t fields_max = 100;
  std::size_t method_bytes_max = 32;
};
inline constexpr HeadLimits kAnswerLimits{64 * 1024, http::kFieldsMax, 0};

// Kept by a connection while a head is incomplete, so that a head that trickles in is not searched
// from its beginning at each byte. Reset it for each new message.
struct HeadProgress {
  std::uint32_t searched = 0;
};

struct HeadResult {
  enum class Kind : std::uint8_t { more, done, refused };
  Kind kind = Kind::more;
  std::size_t consumed = 0;      // done: length of the head with its empty line
  int status = 0;                // refused: what to answer
  const char* reason = nullptr;  // refused: which rule, for logs and tests

  bool refused() const { return kind == Kind::refused; }
  bool done() const { return kind == Kind::done; }
};

// `bytes` begins with the message. refused: nothing after it may be read as a request.
HeadResult parse_request(std::string_view bytes, HeadProgress& progress, http::RequestHead& head,
                         const HeadLimits& limits = {});

// An answer to a request of `method`; status is always 502 when refused. `upgrade_asked`: 101 is
// allowed. A bare LF ends a line here, as hand-written servers do it; nothing of it is passed on.
struct AnswerTo {
  http::Method method = http::Method::get;
  bool upgrade_asked = false;
};
HeadResult parse_answer(std::string_view bytes, HeadProgress& progress, AnswerTo request,
                        http::AnswerHead& head, const HeadLimits& limits = kAnswerLimits);

// Splits "host:port" or "[v6]:port". False: not uri-host [":" port] (RFC 9110 §7.2).
bool parse_authority(std::string_view text, std::string_view& host);

}  // namespace dokku::proxy::h1
