#include <algorithm>
#include <utility>

#include "proxy/h1/head.h"
#include "proxy/h1/lines.h"

namespace dokku::proxy::h1 {
namespace {

using http::AnswerHead;
using http::Body;
using http::Field;
using http::FieldId;

constexpr HeadResult kFine{};

HeadResult bad(const char* reason) { return refuse(502, reason); }

HeadResult parse_status_line(std::string_view line, AnswerHead& head) {
  const bool shaped = line.size() >= 12 && line.starts_with("HTTP/1.") &&
                      http::is(line[7], http::kDigit) && line[8] == ' ' &&
                      http::all_are(line.substr(9, 3), http::kDigit);
  if (!shaped) {
    if (enforced(Rule::status_line) || line.size() < 12) return bad("malformed status line");
    line = "HTTP/1.1 200 OK";
  }
  head.minor = line[7] == '0' ? 0 : 1;
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (head.status < 100) return bad("status below 100");
  if (line.size() == 12) return kFine;
  if (line[12] != ' ') return bad("malformed status line");
  head.reason = line.substr(13);
  if (broken(Rule::reason_bytes, !http::all_are(head.reason, http::kValue))) {
    return bad("control character in the reason");
  }
  return kFine;
}

struct Framing {
  bool length = false;
  bool coding = false;
};

// Equal lengths, in a list or in several fields, are one length (RFC 9112 §6.3).
HeadResult note_length(std::string_view list, AnswerHead& head, Framing& seen) {
  bool any = false;
  const bool fine = each_element(list, [&](std::string_view element) {
    std::uint64_t value = 0;
    if (!parse_length(element, value)) return !enforced(Rule::length_is_digits);
    if (broken(Rule::lengths_agree, seen.length && value != head.length)) return false;
    head.length = value;
    any = seen.length = true;
    return true;
  });
  return fine && any ? kFine : bad("malformed or contradictory Content-Length");
}

int keep_alive_seconds(std::string_view list) {
  constexpr std::string_view kTimeout = "timeout=";
  int seconds = -1;
  each_element(list, [&](std::string_view parameter) {
    std::uint64_t number = 0;
    if (http::equal_ignoring_case(parameter.substr(0, kTimeout.size()), kTimeout) &&
        parse_length(parameter.substr(kTimeout.size()), number)) {
      seconds = static_cast<int>(std::min<std::uint64_t>(number, 86'400));
    }
    return true;
  });
  return seconds;
}

HeadResult parse_field(std::string_view line, bool crlf, AnswerHead& head, Framing& seen,
                       const HeadLimits& limits) {
  std::string_view name;
  std::string_view value;
  if (const char* rule = split_field(line, name, value)) return bad(rule);
  if (head.fields.size() >= limits.fields_max) return bad("too many fields");
  Field& field = add_field(head.fields, name, value, line, crlf);
  field.dropped = broken(Rule::hop_by_hop_is_dropped, http::is_hop_by_hop(field.id));
  switch (field.id) {
    case FieldId::content_length:
      return note_length(value, head, seen);
    case FieldId::transfer_encoding:
      if (std::exchange(seen.coding, true) || !http::equal_ignoring_case(value, "chunked")) {
        if (enforced(Rule::answer_coding_is_chunked)) {
          return bad("transfer coding other than chunked");
        }
      }
      return kFine;
    case FieldId::keep_alive:
      head.keep_alive_seconds = keep_alive_seconds(value);
      return kFine;
    case FieldId::upgrade:
      head.upgrade = value;
      return kFine;
    default:
      return kFine;
  }
}

// RFC 9112 §6.3, in its order.
void decide_body(AnswerTo request, AnswerHead& head, const Framing& seen) {
  head.has_length = seen.length;
  const bool bodiless = request.method == http::Method::head || head.status < 200 ||
                        head.status == 204 || head.status == 304;
  if (broken(Rule::no_body_by_status, bodiless)) {
    head.body = Body::none;
  } else if (broken(Rule::reset_content_is_empty, head.status == 205)) {
    // Says that there is no content; whatever follows is cut off with the connection.
    head.body = Body::none;
    head.keep_alive = head.keep_alive && seen.length && head.length == 0;
    head.has_length = true;
    head.length = 0;
  } else if (seen.coding) {
    head.body = Body::chunked;
  } else if (seen.length) {
    head.body = Body::length;
  } else {
    head.body = Body::until_close;
    head.keep_alive = false;
  }
}

HeadResult finish(AnswerTo request, AnswerHead& head, const Framing& seen) {
  ConnectionOptions options;
  if (!apply_connection(head.fields, options)) return bad("malformed Connection");
  head.keep_alive = !options.close && (head.minor == 1 || options.keep_alive);
  if (broken(Rule::no_101_unasked, head.status == 101 && !request.upgrade_asked)) {
    return bad("101 that nobody asked for");
  }
  const bool ambiguous = seen.coding && (seen.length || head.minor == 0);
  if (broken(Rule::answer_coding_or_length, ambiguous)) return bad("ambiguous framing");
  decide_body(request, head, seen);
  return kFine;
}

HeadResult parse_lines(std::string_view bytes, AnswerTo request, AnswerHead& head,
                       const HeadLimits& limits) {
  Framing seen;
  std::size_t at = 0;
  for (bool first = true;; first = false) {
    const std::size_t next = line_end(bytes, at);
    if (std::min(next, bytes.size()) > limits.head_bytes_max) return bad("head too large");
    if (next > bytes.size()) return kFine;
    std::string_view line = bytes.substr(at, next - 1 - at);
    const bool crlf = line.ends_with('\r');
    if (crlf) line.remove_suffix(1);
    at = next;
    if (line.empty() && !first) break;
    const HeadResult verdict =
        first ? parse_status_line(line, head) : parse_field(line, crlf, head, seen, limits);
    if (verdict.refused()) return verdict;
  }
  const HeadResult verdict = finish(request, head, seen);
  if (verdict.refused()) return verdict;
  return {HeadResult::Kind::done, at, 0, nullptr};
}

}  // namespace

HeadResult parse_answer(std::string_view bytes, HeadProgress& progress, AnswerTo request,
                        AnswerHead& head, const HeadLimits& limits) {
  head.clear();
  if (nothing_new(bytes, progress) && bytes.size() <= limits.head_bytes_max) return kFine;
  return parse_lines(bytes, request, head, limits);
}

}  // namespace dokku::proxy::h1
