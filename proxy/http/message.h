// A request or an answer as it was understood, whatever protocol it came by.
//
// Made by a codec (proxy/h1, later proxy/h2), read by the session, written anew by a codec for the
// other side: no byte of framing ever crosses. All views point into the bytes that were parsed and
// live as long as they do. Large (about 6 kB): one per worker, reused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/fields.h"

namespace dokku::proxy::http {

struct Field {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::other;
  bool dropped = false;  // hop-by-hop, or not to be believed: not passed on
  // There is a "_" in its name, which apps behind CGI-like gateways read as "-": it could pose as
  // any other field. Not passed on, unless the app asks for it.
  bool underscored = false;
  // Stands in memory as "name: value\r\n", just as we would write it: may be copied in one run.
  bool verbatim = false;
};

inline constexpr std::size_t kFieldsMax = 128;

class Fields {
 public:
  void clear() { count_ = 0; }
  bool full() const { return count_ == kFieldsMax; }
  std::size_t size() const { return count_; }
  Field& add(std::string_view name, std::string_view value, FieldId id) {
    Field& field = all_[count_++];
    field = {.name = name, .value = value, .id = id};
    return field;
  }
  Field* begin() { return all_.data(); }
  Field* end() { return all_.data() + count_; }
  const Field* begin() const { return all_.data(); }
  const Field* end() const { return all_.data() + count_; }
  // First field that is passed on and has this id; nullptr: none.
  const Field* find(FieldId id) const {
    for (const Field& field : *this) {
      if (field.id == id && !field.dropped) return &field;
    }
    return nullptr;
  }

 private:
  std::size_t count_ = 0;
  std::array<Field, kFieldsMax> all_;
};

enum class Method : std::uint8_t { other, get, head, post, put, delete_, options, trace, connect };

// May be sent again without asking (RFC 9110 §9.2.2).
constexpr bool is_idempotent(Method method) {
  return method == Method::get || method == Method::head || method == Method::put ||
         method == Method::delete_ || method == Method::options || method == Method::trace;
}

enum class Body : std::uint8_t { none, length, chunked, until_close };

struct RequestHead {
  std::string_view method;
  Method method_id = Method::other;
  std::string_view target;     // origin-form or "*"; absolute-form has become origin-form
  bool slash_missing = false;  // "http://a?b": the target to send is "/" + target
  std::string_view authority;  // of the absolute form or of Host; empty only in HTTP/1.0
  std::string_view host;       // authority without its port
  int minor = 1;
  bool by_h2 = false;  // for logs: it came by HTTP/2, whatever `minor` says
  Fields fields;
  Body body = Body::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
  std::string_view upgrade;  // the protocol to ask the app for; empty: none, or not allowed
  int max_forwards = -1;     // of OPTIONS
  std::size_t bytes = 0;     // of the head as it came

  void clear() {
    fields.clear();
    method = target = authority = host = upgrade = {};
    method_id = Method::other;
    slash_missing = expects_continue = by_h2 = false;
    minor = 1;
    body = Body::none;
    length = 0;
    keep_alive = true;
    max_forwards = -1;
  }
};

struct AnswerHead {
  int status = 0;
  std::string_view reason;
  int minor = 1;
  Fields fields;
  Body body = Body::none;
  std::uint64_t length = 0;
  bool has_length = false;      // a length was said, also where there is no body (HEAD, 304)
  bool keep_alive = true;       // of the connection to the app
  int keep_alive_seconds = -1;  // from Keep-Alive: timeout=N
  std::string_view upgrade;     // of 101 and 426

  void clear() {
    fields.clear();
    status = 0;
    reason = upgrade = {};
    minor = 1;
    body = Body::none;
    length = 0;
    has_length = false;
    keep_alive = true;
    keep_alive_seconds = -1;
  }
  bool interim() const { return status < 200 && status != 101; }
};

// "Not Found" for 404; empty for what has no registered phrase.
std::string_view reason_phrase(int status);

}  // namespace dokku::proxy::http
