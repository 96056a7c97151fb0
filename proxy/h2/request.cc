#include "proxy/h2/request.h"

#include "proxy/http/characters.h"

namespace dokku::proxy::h2 {
namespace {
// What RFC 9113 §6.5.2 adds for each field.
constexpr std::size_t kFieldOverhead = 32;
// Nothing of a list beyond this is kept: it only counts.
constexpr std::size_t kKeptBytesMax = 128 * 1024;
}  // namespace

void RequestLines::clear() {
  for (std::string* text : {&method_, &path_, &authority_, &host_, &cookies_, &lines_}) {
    text->clear();
  }
  bytes_ = 0;
  malformed_ = length_ = false;
}

bool RequestLines::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method_ = value;
  } else if (name == ":path") {
    path_ = value;
  } else if (name == ":authority") {
    authority_ = value;
  } else if (name == ":scheme") {
    return value == "http" || value == "https";
  } else {
    return false;
  }
  return true;
}

void RequestLines::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > kKeptBytesMax) return;
  if (!http::all_are(value, http::kValue) && !value.empty()) malformed_ = true;
  if (name.starts_with(':')) {
    if (!add_pseudo(name, value)) malformed_ = true;
    return;
  }
  if (!http::is_token(name)) malformed_ = true;
  if (name == "host") {
    if (!host_.empty()) malformed_ = true;
    host_ = value;
    return;
  }
  if (name == "cookie") {  // RFC 9113 §8.2.3
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
    return;
  }
  if (name == "content-length") length_ = true;
  lines_.append(name).append(": ").append(value).append("\r\n");
}

std::string_view RequestLines::trailers() {
  message_.clear();
  if (malformed_) return message_;
  std::string_view rest = lines_;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n") + 2;
    const std::string_view name = rest.substr(0, rest.find(':'));
    const bool pass = http::field_id(name) == http::FieldId::other && name.find('_') == name.npos;
    if (pass) message_ += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  return message_;
}

int RequestLines::parse(bool end, const h1::HeadLimits& limits, http::RequestHead& head) {
  if (bytes_ > limits.head_bytes_max + limits.fields_max * kFieldOverhead) return 431;
  if (malformed_) return 400;
  if (method_ == "CONNECT") return 405;
  // RFC 9113 §8.3.1: one authority.
  if (!authority_.empty() && !host_.empty() && !http::equal_ignoring_case(authority_, host_)) {
    return 400;
  }
  const std::string& authority = authority_.empty() ? host_ : authority_;
  if (!path_.starts_with('/') && path_ != "*") return 400;
  message_.clear();
  message_.append(method_).append(" ").append(path_).append(" HTTP/1.1\r\n");
  message_.append("Host: ").append(authority).append("\r\n").append(lines_);
  if (!cookies_.empty()) message_.append("cookie: ").append(cookies_).append("\r\n");
  if (!end && !length_) message_ += "Transfer-Encoding: chunked\r\n";
  message_ += "\r\n";
  h1::HeadLimits roomy = limits;
  roomy.head_bytes_max = 2 * kKeptBytesMax;
  roomy.fields_max = limits.fields_max + 2;
  h1::HeadProgress progress;
  const h1::HeadResult result = h1::parse_request(message_, progress, head, roomy);
  if (result.refused()) return result.status;
  // Not one whole head: a line must have broken in two.
  if (!result.done() || result.consumed != message_.size()) return 400;
  head.by_h2 = true;
  return 0;
}

}  // namespace dokku::proxy::h2
