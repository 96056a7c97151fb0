#include <algorithm>
#include <utility>

#include "proxy/h1/head.h"
#include "proxy/h1/lines.h"

namespace dokku::proxy::h1 {
namespace {

using http::Body;
using http::Field;
using http::FieldId;
using http::Method;
using http::RequestHead;

constexpr int kEmptyLinesMax = 4;  // before a request line (RFC 9112 §2.2)
constexpr HeadResult kFine{};

Method method_id(std::string_view method) {
  switch (method.size()) {
    case 3:
      if (method == "GET") return Method::get;
      if (method == "PUT") return Method::put;
      break;
    case 4:
      if (method == "POST") return Method::post;
      if (method == "HEAD") return Method::head;
      break;
    case 5:
      if (method == "TRACE") return Method::trace;
      break;
    case 6:
      if (method == "DELETE") return Method::delete_;
      break;
    case 7:
      if (method == "OPTIONS") return Method::options;
      if (method == "CONNECT") return Method::connect;
      break;
    default:
      break;
  }
  return Method::other;
}

HeadResult parse_version(std::string_view version, RequestHead& head) {
  const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
                      http::is(version[5], http::kDigit) && http::is(version[7], http::kDigit);
  if (!shaped) {
    if (enforced(Rule::version_is_literal)) return refuse(400, "malformed version");
    return kFine;
  }
  if (broken(Rule::version_major_is_1, version[5] != '1')) {
    return refuse(505, "version is not HTTP/1.x");
  }
  head.minor = version[7] == '0' ? 0 : 1;
  return kFine;
}

// "http://host:port/path?query": host and port replace the Host field (RFC 9112 §3.2.2).
HeadResult parse_absolute(std::string_view target, RequestHead& head) {
  const std::size_t scheme = std::min(target.find("://"), target.size());
  if (scheme == target.size() || !(http::equal_ignoring_case(target.substr(0, scheme), "http") ||
                                   http::equal_ignoring_case(target.substr(0, scheme), "https"))) {
    if (enforced(Rule::target_has_known_form)) return refuse(400, "target of no known form");
    return kFine;
  }
  const std::string_view rest = target.substr(scheme + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  head.authority = rest.substr(0, end);
  head.target = rest.substr(end);
  if (head.target.empty()) head.target = head.method_id == Method::options ? "*" : "/";
  head.slash_missing = head.target.front() == '?';
  if (broken(Rule::host_is_authority, !parse_authority(head.authority, head.host))) {
    return refuse(400, "malformed authority");
  }
  return kFine;
}

HeadResult parse_target(std::string_view target, RequestHead& head) {
  if (target.empty()) return refuse(400, "no target");
  if (broken(Rule::target_bytes, !http::all_are(target, http::kTarget))) {
    return refuse(400, "forbidden byte in the target");
  }
  head.target = target;
  if (head.method_id == Method::connect) {
    if (enforced(Rule::connect_is_refused)) return refuse(405, "CONNECT");
    return kFine;
  }
  if (target.front() == '/') return kFine;
  if (target == "*") {
    if (broken(Rule::asterisk_is_for_options, head.method_id != Method::options)) {
      return refuse(400, "\"*\" is for OPTIONS");
    }
    return kFine;
  }
  return parse_absolute(target, head);
}

HeadResult parse_request_line(std::string_view line, RequestHead& head, const HeadLimits& limits) {
  const std::size_t first = line.find(' ');
  if (first == line.npos) return refuse(400, "request line of one word");
  head.method = line.substr(0, first);
  if (broken(Rule::method_is_token, !http::is_token(head.method))) {
    return refuse(400, "method is not a token");
  }
  if (broken(Rule::method_length, head.method.size() > limits.method_bytes_max)) {
    return refuse(501, "method too long");
  }
  head.method_id = method_id(head.method);
  line.remove_prefix(first + 1);
  const std::size_t second = line.find(' ');
  if (second == line.npos) return refuse(400, "request line without a version");
  const HeadResult version = parse_version(line.substr(second + 1), head);
  if (version.refused()) return version;
  const HeadResult target = parse_target(line.substr(0, second), head);
  if (target.refused()) return target;
  if (broken(Rule::trace_is_refused, head.method_id == Method::trace)) {
    return refuse(405, "TRACE");
  }
  return kFine;
}

// Seen while the fields are read; each may come once.
struct Framing {
  bool host = false;
  bool length = false;
  bool coding = false;
};

HeadResult note_host(std::string_view value, RequestHead& head) {
  std::string_view host;
  if (broken(Rule::host_is_authority, !parse_authority(value, host))) {
    return refuse(400, "malformed Host");
  }
  if (head.authority.empty() || !enforced(Rule::absolute_host_wins)) {
    head.authority = value;
    head.host = host;
  }
  return kFine;
}

HeadResult note_field(const Field& field, RequestHead& head, Framing& seen) {
  switch (field.id) {
    case FieldId::host:
      if (broken(Rule::host_is_one, std::exchange(seen.host, true))) {
        return refuse(400, "more than one Host");
      }
      return note_host(field.value, head);
    case FieldId::content_length:
      if (broken(Rule::length_is_one, std::exchange(seen.length, true))) {
        return refuse(400, "more than one Content-Length");
      }
      if (broken(Rule::length_is_digits, !parse_length(field.value, head.length))) {
        return refuse(400, "malformed Content-Length");
      }
      return kFine;
    case FieldId::transfer_encoding:
      if (broken(Rule::coding_is_one, std::exchange(seen.coding, true))) {
        return refuse(400, "more than one Transfer-Encoding");
      }
      if (broken(Rule::coding_is_chunked, !http::equal_ignoring_case(field.value, "chunked"))) {
        return refuse(501, "transfer coding other than chunked");
      }
      return kFine;
    case FieldId::expect:
      if (!http::equal_ignoring_case(field.value, "100-continue")) {
        if (enforced(Rule::expectation_is_known)) return refuse(417, "unknown expectation");
        return kFine;
      }
      head.expects_continue = true;
      return kFine;
    case FieldId::max_forwards: {
      std::uint64_t count = 0;
      if (head.method_id == Method::options && enforced(Rule::max_forwards_counts) &&
          parse_length(field.value, count)) {
        head.max_forwards = static_cast<int>(std::min<std::uint64_t>(count, 1'000'000));
      }
      return kFine;
    }
    default:
      return kFine;
  }
}

HeadResult parse_field(std::string_view line, RequestHead& head, Framing& seen,
                       const HeadLimits& limits) {
  std::string_view name;
  std::string_view value;
  if (const char* rule = split_field(line, name, value)) return refuse(400, rule);
  const std::size_t most = enforced(Rule::fields_limit) ? limits.fields_max : http::kFieldsMax;
  if (head.fields.size() >= most) return refuse(431, "too many fields");
  Field& field = add_field(head.fields, name, value, line, /*crlf=*/true);
  field.underscored = broken(Rule::underscores_are_dropped, name.find('_') != name.npos);
  field.dropped = broken(Rule::hop_by_hop_is_dropped, http::is_hop_by_hop(field.id)) ||
                  broken(Rule::forwarding_is_dropped, http::is_forwarding(field.id));
  return note_field(field, head, seen);
}

// The first protocol of an Upgrade list that may be asked for; h2c and TLS may not.
std::string_view wanted_upgrade(const RequestHead& head) {
  std::string_view wanted;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::upgrade) continue;
    each_element(field.value, [&](std::string_view protocol) {
      const std::string_view name = protocol.substr(0, protocol.find('/'));
      const bool h2c = http::equal_ignoring_case(name, "h2c");
      const bool allowed = http::is_token(name) && !broken(Rule::h2c_is_dropped, h2c) &&
                           !http::equal_ignoring_case(name, "http") &&
                           !http::equal_ignoring_case(name, "tls") &&
                           protocol.find_first_of(" \t\"") == protocol.npos;
      if (allowed && wanted.empty()) wanted = protocol;
      return true;
    });
  }
  return wanted;
}

// All lines are there: what do the fields mean together?
HeadResult finish(RequestHead& head, const Framing& seen) {
  if (broken(Rule::host_is_there, head.minor == 1 && !seen.host)) return refuse(400, "no Host");
  if (seen.coding) {
    if (broken(Rule::coding_needs_1_1, head.minor == 0)) {
      return refuse(400, "Transfer-Encoding in HTTP/1.0");
    }
    if (broken(Rule::coding_or_length, seen.length)) {
      return refuse(400, "both Transfer-Encoding and Content-Length");
    }
    head.body = Body::chunked;
  } else if (seen.length) {
    // A length of 0 is still said to the app: POST wants one (RFC 9110 §8.6).
    head.body = Body::length;
  }
  ConnectionOptions options;
  if (!apply_connection(head.fields, options)) return refuse(400, "malformed Connection");
  head.keep_alive = !options.close && (head.minor == 1 || options.keep_alive);
  const bool bodiless = head.body == Body::none || (head.body == Body::length && head.length == 0);
  if (bodiless || head.minor == 0) head.expects_continue = false;
  const bool fit = head.minor == 1 && head.method_id == Method::get && bodiless;
  if (options.upgrade && !broken(Rule::upgrade_conditions, !fit)) {
    head.upgrade = wanted_upgrade(head);
  }
  return kFine;
}

// Moves `start` behind empty lines before the request line.
HeadResult skip_empty_lines(std::string_view bytes, std::size_t& start) {
  for (int lines = 0; start < bytes.size() && bytes[start] == '\r'; ++lines) {
    if (start + 1 == bytes.size()) {
      start = bytes.size();
      return kFine;
    }
    const bool enough = broken(Rule::few_empty_lines_first, lines == kEmptyLinesMax);
    if (bytes[start + 1] != '\n' || enough) return refuse(400, "no request line");
    start += 2;
  }
  if (start < bytes.size() && broken(Rule::method_is_token, !http::is(bytes[start], http::kToken))) {
    return refuse(400, "method is not a token");
  }
  return kFine;
}

HeadResult parse_lines(std::string_view bytes, std::size_t start, RequestHead& head,
                       const HeadLimits& limits) {
  Framing seen;
  std::size_t at = start;
  for (bool first = true;; first = false) {
    const std::size_t next = line_end(bytes, at);
    const Rule limit = first ? Rule::request_line_limit : Rule::head_limit;
    if (broken(limit, std::min(next, bytes.size()) - start > limits.head_bytes_max)) {
      return first ? refuse(414, "request line too long") : refuse(431, "head too large");
    }
    if (next > bytes.size()) return kFine;
    const bool crlf = next - at >= 2 && bytes[next - 2] == '\r';
    if (broken(Rule::line_ends_with_crlf, !crlf)) return refuse(400, "bare LF");
    const std::string_view line = bytes.substr(at, next - (crlf ? 2 : 1) - at);
    at = next;
    if (line.empty()) break;  // never the first: empty lines were skipped
    const HeadResult verdict =
        first ? parse_request_line(line, head, limits) : parse_field(line, head, seen, limits);
    if (verdict.refused()) return verdict;
  }
  const HeadResult verdict = finish(head, seen);
  if (verdict.refused()) return verdict;
  head.bytes = at - start;
  return {HeadResult::Kind::done, at, 0, nullptr};
}

}  // namespace

HeadResult parse_request(std::string_view bytes, HeadProgress& progress, RequestHead& head,
                         const HeadLimits& limits) {
  head.clear();
  std::size_t start = 0;
  const HeadResult skipped = skip_empty_lines(bytes, start);
  if (skipped.refused() || start == bytes.size()) return skipped;
  if (nothing_new(bytes, progress) && bytes.size() - start <= limits.head_bytes_max) return kFine;
  return parse_lines(bytes, start, head, limits);
}

bool parse_authority(std::string_view text, std::string_view& host) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos || end < 3) return false;
    for (const char c : text.substr(1, end - 1)) {
      if (!http::is(c, http::kHex) && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    for (; end < text.size() && text[end] != ':'; ++end) {
      if (http::is(text[end], http::kRegName)) continue;
      const bool escaped = text[end] == '%' && end + 2 < text.size() &&
                           http::is(text[end + 1], http::kHex) &&
                           http::is(text[end + 2], http::kHex);
      if (!escaped) return false;
    }
  }
  if (end == 0) return false;
  host = text.substr(0, end);
  const std::string_view port = text.substr(end);
  if (port.empty()) return true;
  std::uint64_t number = 0;
  if (port.front() != ':') return false;
  return port.size() == 1 || (parse_length(port.substr(1), number) && number <= 65535);
}

}  // namespace dokku::proxy::h1
