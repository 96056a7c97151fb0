#include "proxy/h1/write.h"

#include <algorithm>
#include <charconv>

#include "proxy/h1/rules.h"

namespace dokku::proxy::h1 {
namespace {

using http::Body;
using http::Field;
using http::FieldId;

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(value).append("\r\n");
}

// Copies fields; neighbours that stand in memory as we would write them go in one piece.
class FieldCopier {
 public:
  explicit FieldCopier(std::string& out) : out_(out) {}
  ~FieldCopier() { flush(); }
  FieldCopier(const FieldCopier&) = delete;
  FieldCopier& operator=(const FieldCopier&) = delete;

  void add(const Field& field) {
    if (!field.verbatim) {
      flush();
      out_.append(field.name).append(": ").append(field.value).append("\r\n");
      return;
    }
    if (field.name.data() != end_) {
      flush();
      begin_ = field.name.data();
    }
    end_ = field.value.data() + field.value.size() + 2;
  }

 private:
  void flush() {
    if (begin_ != nullptr) out_.append(begin_, end_);
    begin_ = end_ = nullptr;
  }

  std::string& out_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

void append_body_framing(std::string& out, Body body, std::uint64_t length) {
  if (body == Body::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (body == Body::length) {
    out.append("Content-Length: ");
    append_number(out, length);
    out.append("\r\n");
  }
}

// Read with "-" for "_", it is still no field that frames, routes or tells who the client is.
bool harmless(std::string_view name) {
  std::string dashed(name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return http::field_id(dashed) == FieldId::other;
}

bool passes(const Field& field, const http::RequestHead& head, bool underscores) {
  if (field.dropped) return false;
  if (field.underscored && !(underscores && harmless(field.name))) return false;
  switch (field.id) {
    case FieldId::host:
    case FieldId::content_length:
    case FieldId::expect:
      return false;
    case FieldId::max_forwards:
      return head.max_forwards < 0;
    default:
      return true;
  }
}

void append_connection(std::string& out, const http::AnswerHead& head,
                       const AnswerFraming& framing) {
  const bool upgrade = !head.upgrade.empty() && (head.status == 101 || head.status == 426);
  if (upgrade) append_field(out, "Upgrade: ", head.upgrade);
  if (head.status == 101) {
    out.append("Connection: upgrade\r\n");
  } else if (!head.interim()) {
    if (!framing.keep_alive) {
      out.append(upgrade ? "Connection: close, upgrade\r\n" : "Connection: close\r\n");
    } else if (framing.client_is_1_0) {
      out.append("Connection: keep-alive\r\n");
    } else if (upgrade) {
      out.append("Connection: upgrade\r\n");
    }
  }
}

}  // namespace

void append_request(std::string& out, const http::RequestHead& head, const Forwarding& from) {
  out.append(head.method).append(head.slash_missing ? " /" : " ");
  out.append(head.target).append(" HTTP/1.1\r\nHost: ");
  out.append(head.authority).append("\r\n");
  {
    FieldCopier copier(out);
    for (const Field& field : head.fields) {
      if (passes(field, head, from.underscores)) copier.add(field);
    }
  }
  append_body_framing(out, head.body, head.length);
  if (head.max_forwards > 0) {
    out.append("Max-Forwards: ");
    append_number(out, static_cast<std::uint64_t>(head.max_forwards) - 1);
    out.append("\r\n");
  }
  append_field(out, "X-Forwarded-For: ", from.client_address);
  append_field(out, "X-Forwarded-Proto: ", from.proto);
  append_field(out, "X-Forwarded-Port: ", from.port);
  const std::string_view host = from.host.empty() ? head.authority : from.host;
  if (!host.empty()) append_field(out, "X-Forwarded-Host: ", host);
  if (!from.ssl.empty()) append_field(out, "X-Forwarded-Ssl: ", from.ssl);
  append_field(out, "X-Request-Id: ", from.request_id);
  append_field(out, "X-Request-Start: ", from.request_start);
  if (!head.upgrade.empty()) {
    append_field(out, "Upgrade: ", head.upgrade);
    out.append("Connection: upgrade\r\n");
  }
  out.append("\r\n");
}

void append_answer(std::string& out, const http::AnswerHead& head, const AnswerFraming& framing) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
  bool dated = head.status < 200 || !enforced(Rule::date_is_added);
  {
    FieldCopier copier(out);
    for (const Field& field : head.fields) {
      if (field.dropped || field.id == FieldId::content_length) continue;
      if (field.id == FieldId::trailer && framing.body != Body::chunked) continue;
      dated = dated || field.id == FieldId::date;
      copier.add(field);
    }
  }
  if (!dated) append_field(out, "Date: ", framing.date);
  if (framing.body == Body::chunked) {
    append_body_framing(out, Body::chunked, 0);
  } else if (head.has_length && head.status >= 200 && head.status != 204) {
    append_body_framing(out, Body::length, head.length);
  }
  out.append(framing.lines);
  append_connection(out, head, framing);
  out.append("\r\n");
}

ChunkHeader::ChunkHeader(std::uint64_t size) : from_(text_.size() - 2) {
  text_[from_] = '\r';
  text_[from_ + 1] = '\n';
  do {
    text_[--from_] = "0123456789abcdef"[size & 15];
    size >>= 4;
  } while (size != 0);
}

}  // namespace dokku::proxy::h1
