#include "buildstep/buildpack/line_stream.h"

#include <algorithm>
#include <utility>

namespace dokku::buildstep {
namespace {

constexpr std::size_t kLineBytesMax = 16 << 10;
constexpr std::size_t kLastLinesMax = 30;
constexpr std::size_t kMaskedBytesMin = 6;

void replace_all(std::string& text, const std::string& what) {
  std::size_t at = 0;
  while ((at = text.find(what, at)) != std::string::npos) {
    text.replace(at, what.size(), "****");
    at += 4;
  }
}

}  // namespace

std::string indent_pack_line(std::string_view line) {
  const bool stays = line.empty() || line.front() == ' ' || line.front() == '\x1b' ||
                     line.starts_with("-----") || line.starts_with("=====");
  return (stays ? "" : "       ") + std::string(line);
}

LineStream::LineStream(Sink sink, const std::vector<std::string>& masked) : sink_(std::move(sink)) {
  for (const std::string& value : masked) {
    std::size_t from = 0;
    while (from <= value.size()) {  // output comes in lines, so values are masked by line
      const std::size_t end = std::min(value.find('\n', from), value.size());
      if (end - from >= kMaskedBytesMin) masked_.push_back(value.substr(from, end - from));
      from = end + 1;
    }
  }
  std::sort(masked_.begin(), masked_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

void LineStream::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    partial_.append(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    emit(std::exchange(partial_, {}));
  }
  const std::size_t bar = partial_.rfind('\r');
  if (bar != std::string::npos && bar > 0 && bar + 1 < partial_.size()) partial_.erase(0, bar + 1);
  if (partial_.size() > kLineBytesMax) emit(std::exchange(partial_, {}));
}

void LineStream::flush() {
  if (!partial_.empty()) emit(std::exchange(partial_, {}));
}

void LineStream::tick() {
  if (partial_.find('\r') != std::string::npos) emit(std::exchange(partial_, {}));
}

void LineStream::emit(std::string line) {
  while (!line.empty() && line.back() == '\r') line.pop_back();
  const std::size_t bar = line.rfind('\r');
  if (bar != std::string::npos) line.erase(0, bar + 1);
  for (const std::string& value : masked_) replace_all(line, value);
  line = indent_pack_line(line);
  last_.push_back(line);
  if (last_.size() > kLastLinesMax) last_.pop_front();
  sink_(line);
}

}  // namespace dokku::buildstep
