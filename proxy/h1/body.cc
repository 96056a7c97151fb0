#include "proxy/h1/body.h"

#include <algorithm>
#include <cstring>

#include "proxy/h1/lines.h"

namespace dokku::proxy::h1 {

using http::Body;
using http::FieldId;

void BodyDecoder::start(Body kind, std::uint64_t length) {
  kind_ = kind;
  left_ = length;
  digits_ = 0;
  extension_bytes_ = 0;
  trailers_ = nullptr;
  switch (kind) {
    case Body::none:
      state_ = State::done;
      break;
    case Body::length:
      state_ = length == 0 ? State::done : State::known_length;
      break;
    case Body::chunked:
      state_ = State::size_first;
      break;
    case Body::until_close:
      state_ = State::until_close;
      break;
  }
}

BodyDecoder::Step BodyDecoder::next(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::bad && state_ != State::done) {
    switch (state_) {
      case State::until_close:
        return {Status::more, bytes.size(), bytes.substr(at)};
      case State::known_length:
      case State::data: {
        const std::string_view run =
            bytes.substr(at, std::min<std::uint64_t>(left_, bytes.size() - at));
        left_ -= run.size();
        if (left_ == 0) state_ = state_ == State::data ? State::data_cr : State::done;
        return {done() ? Status::done : Status::more, at + run.size(), run};
      }
      case State::trailers:
        at += take_trailers(bytes.substr(at));
        break;
      default:
        state_ = framing(bytes[at++]);
        break;
    }
  }
  if (state_ == State::bad) return {Status::bad, at, {}};
  return {done() ? Status::done : Status::more, at, {}};
}

BodyDecoder::Step BodyDecoder::next_all(char* bytes, std::size_t size) {
  Step all = next({bytes, size});
  while (all.status == Status::more && all.consumed < size) {
    const Step step = next({bytes + all.consumed, size - all.consumed});
    all.status = step.status;
    all.consumed += step.consumed;
    if (all.data.empty()) {
      all.data = step.data;
    } else if (!step.data.empty()) {
      char* const begin = bytes + (all.data.data() - bytes);
      std::memmove(begin + all.data.size(), step.data.data(), step.data.size());
      all.data = {begin, all.data.size() + step.data.size()};
    }
  }
  return all;
}

bool BodyDecoder::take_size_digit(char c) {
  if (!http::is(c, http::kHex)) return !enforced(Rule::chunk_size_digits);
  if (broken(Rule::chunk_size_limit, ++digits_ > kChunkSizeDigitsMax)) return false;
  const char low = static_cast<char>(c | 0x20);
  left_ = left_ * 16 + static_cast<std::uint64_t>(low <= '9' ? c - '0' : low - 'a' + 10);
  return true;
}

BodyDecoder::State BodyDecoder::framing(char c) {
  switch (state_) {
    case State::size_first:
      left_ = 0;
      digits_ = 0;
      return take_size_digit(c) ? State::size : State::bad;
    case State::size:
      if (http::is(c, http::kHex)) return take_size_digit(c) ? State::size : State::bad;
      return after_size(c);
    case State::size_lf:
      if (c != '\n') return State::bad;
      return left_ == 0 ? State::trailers : State::data;
    case State::data_cr:
      return broken(Rule::chunk_data_end, c != '\r') ? State::bad : State::data_lf;
    case State::data_lf:
      return broken(Rule::chunk_data_end, c != '\n') ? State::bad : State::size_first;
    default:
      ++extension_bytes_;
      if (broken(Rule::chunk_extension_limit, extension_bytes_ > kChunkExtensionBytesMax)) {
        return State::bad;
      }
      return in_extension(c);
  }
}

BodyDecoder::State BodyDecoder::after_size(char c) const {
  if (c == '\r') return State::size_lf;
  if (c == '\n' && !enforced(Rule::chunk_line_end)) {
    return left_ == 0 ? State::trailers : State::data;
  }
  if (c == ';') return State::ext_name_first;
  if (c == ' ' || c == '\t') return State::ext_blank;
  return State::bad;
}

// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
BodyDecoder::State BodyDecoder::in_extension(char c) {
  const bool blank = c == ' ' || c == '\t';
  if (!enforced(Rule::chunk_extension_syntax)) return c == '\r' ? State::size_lf : state_;
  switch (state_) {
    case State::ext_blank:
      if (blank) return State::ext_blank;
      return c == ';' ? State::ext_name_first : State::bad;
    case State::ext_name_first:
      if (blank) return State::ext_name_first;
      return http::is(c, http::kToken) ? State::ext_name : State::bad;
    case State::ext_name:
      if (http::is(c, http::kToken)) return State::ext_name;
      if (c == '=') return State::ext_value_first;
      return blank ? State::ext_after_name : after_size(c);
    case State::ext_after_name:
      if (blank) return State::ext_after_name;
      if (c == '=') return State::ext_value_first;
      return c == ';' ? State::ext_name_first : State::bad;
    case State::ext_value_first:
      if (blank) return State::ext_value_first;
      if (c == '"') return State::ext_quoted;
      return http::is(c, http::kToken) ? State::ext_token : State::bad;
    case State::ext_token:
      return http::is(c, http::kToken) ? State::ext_token : after_size(c);
    case State::ext_quoted:
      if (c == '"') return State::ext_after_value;
      if (c == '\\') return State::ext_quoted_pair;
      return http::is(c, http::kValue) ? State::ext_quoted : State::bad;
    case State::ext_quoted_pair:
      return http::is(c, http::kValue) ? State::ext_quoted : State::bad;
    default:  // ext_after_value
      return after_size(c);
  }
}

// Collects the trailer section up to its empty line.
std::size_t BodyDecoder::take_trailers(std::string_view bytes) {
  const std::size_t taken = std::min(line_end(bytes, 0), bytes.size());
  if (taken == 2 && !trailers_ && bytes.starts_with("\r\n")) {
    state_ = State::done;
    return taken;
  }
  if (!trailers_) trailers_ = std::make_unique<std::string>();
  std::string& lines = trailers_->append(bytes.substr(0, taken));
  if (broken(Rule::trailer_limit, lines.size() > kTrailerBytesMax)) {
    state_ = State::bad;
  } else if (lines.ends_with('\n')) {
    if (!lines.ends_with("\r\n")) {
      state_ = State::bad;
    } else if (lines == "\r\n" || lines.ends_with("\r\n\r\n")) {
      state_ = clean_trailers() ? State::done : State::bad;
    }
  }
  return taken;
}

// Rewrites the collected lines; framing, routing and hop-by-hop names may not come this late.
bool BodyDecoder::clean_trailers() {
  std::string kept;
  std::string_view rest = *trailers_;
  while (rest != "\r\n") {
    const std::size_t end = rest.find("\r\n");
    std::string_view name;
    std::string_view value;
    const char* rule = split_field(rest.substr(0, end), name, value);
    if (broken(Rule::trailer_lines, rule != nullptr)) return false;
    rest.remove_prefix(end + 2);
    const bool pass = http::field_id(name) == FieldId::other && name.find('_') == name.npos;
    if (broken(Rule::trailer_names, !pass)) continue;
    kept.append(name).append(": ").append(value).append("\r\n");
  }
  *trailers_ = std::move(kept);
  return true;
}

}  // namespace dokku::proxy::h1
