#include "proxy/h2/answer.h"

#include "proxy/http/characters.h"

namespace dokku::proxy::h2 {
namespace {
// What RFC 9113 §6.5.2 adds for each field.
constexpr std::size_t kFieldOverhead = 32;
// Nothing of a list beyond this is kept: it only counts.
constexpr std::size_t kKeptBytesMax = 128 * 1024;
}  // namespace

void AnswerLines::clear() {
  status_.clear();
  lines_.clear();
  bytes_ = 0;
  malformed_ = false;
}

void AnswerLines::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > kKeptBytesMax) {
    malformed_ = true;
    return;
  }
  if (!http::all_are(value, http::kValue) && !value.empty()) malformed_ = true;
  if (name == ":status") {
    status_ = value;
    return;
  }
  if (!http::is_token(name)) malformed_ = true;
  lines_.append(name).append(": ").append(value).append("\r\n");
}

bool AnswerLines::parse(http::Method asked, http::AnswerHead& head) {
  if (malformed_) return false;
  message_.assign("HTTP/1.1 ").append(status_).append(" \r\n").append(lines_).append("\r\n");
  h1::HeadLimits roomy = h1::kAnswerLimits;
  roomy.head_bytes_max = 2 * kKeptBytesMax;
  h1::HeadProgress progress;
  const h1::HeadResult result =
      h1::parse_answer(message_, progress, {asked, /*upgrade_asked=*/false}, head, roomy);
  return result.done() && result.consumed == message_.size();
}

std::string_view AnswerLines::trailers() {
  message_.clear();
  if (malformed_) return message_;
  std::string_view rest = lines_;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n") + 2;
    if (http::field_id(rest.substr(0, rest.find(':'))) == http::FieldId::other) {
      message_ += rest.substr(0, end);
    }
    rest.remove_prefix(end);
  }
  return message_;
}

}  // namespace dokku::proxy::h2
