#include "server/checks/http_answer.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace dokku::server {
namespace {

Fail no_answer() { return fail(Errc::invalid_argument, "what came is not an HTTP answer"); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

template <class T>
std::optional<T> number(std::string_view text, int base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

// "Name: value" of a head's line, the name in small letters.
std::pair<std::string, std::string> field(std::string_view line) {
  const auto colon = std::min(line.find(':'), line.size());
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  return {lower(line.substr(0, colon)), lower(value)};
}

}  // namespace

Result<> HttpAnswer::add(std::string_view bytes) {
  raw_.append(bytes);
  while (status_ == 0 && !complete_) {
    if (raw_.find("\r\n\r\n") == std::string::npos) {
      const std::string_view begin = std::string_view("HTTP/").substr(0, raw_.size());
      if (!raw_.starts_with(begin) || raw_.size() > kHeadBytesMax) return no_answer();
      return {};
    }
    TRY(read_head());
  }
  take_body();
  return {};
}

Result<> HttpAnswer::end() {
  if (status_ == 0) {
    return fail(Errc::invalid_argument, raw_.empty() ? "the connection was closed without an answer"
                                                     : "the connection was closed in mid-answer");
  }
  complete_ = true;
  return {};
}

Result<> HttpAnswer::read_head() {
  const std::size_t end = raw_.find("\r\n\r\n");
  const std::string head = raw_.substr(0, end + 2);
  raw_.erase(0, end + 4);
  const auto status = number<int>(std::string_view(head).substr(std::min<std::size_t>(9, end)), 10);
  if (!head.starts_with("HTTP/1.") || !status || *status < 100 || *status > 999) {
    return no_answer();
  }
  if (*status < 200) return {};  // "100 Continue": the answer follows
  status_ = *status;
  std::string_view rest = head;
  rest.remove_prefix(rest.find("\r\n") + 2);
  while (!rest.empty()) {
    const auto line_end = std::min(rest.find("\r\n"), rest.size());
    const auto [name, value] = field(rest.substr(0, line_end));
    rest.remove_prefix(std::min(line_end + 2, rest.size()));
    if (name == "transfer-encoding") chunked_ = value.ends_with("chunked");
    if (name == "content-length" && !chunked_) left_ = number<std::size_t>(value, 10);
  }
  if (chunked_) left_.reset();
  if (status_ == 204 || status_ == 304) complete_ = true;
  return {};
}

void HttpAnswer::take_body() {
  while (!complete_ && status_ != 0) {
    if (chunked_ && !left_) {
      if (!take_chunk()) return;
      continue;
    }
    const std::size_t some = std::min(raw_.size(), left_.value_or(raw_.size()));
    body_.append(raw_, 0, std::min(some, kBodyBytesMax - body_.size()));
    raw_.erase(0, some);
    if (left_) *left_ -= some;
    if (body_.size() == kBodyBytesMax) complete_ = true;
    if (left_ && *left_ == 0) {
      if (!chunked_) complete_ = true;
      left_.reset();
      if (chunked_) continue;
    }
    return;
  }
}

// The line before a chunk; the empty line after the one before it may come first.
bool HttpAnswer::take_chunk() {
  if (raw_.starts_with("\r\n")) raw_.erase(0, 2);
  const std::size_t end = raw_.find("\r\n");
  if (end == std::string::npos) return false;
  const auto size = number<std::size_t>(std::string_view(raw_).substr(0, end), 16);
  raw_.erase(0, end + 2);
  if (!size || *size == 0) {
    complete_ = true;
  } else {
    left_ = *size;
  }
  return true;
}

}  // namespace dokku::server
