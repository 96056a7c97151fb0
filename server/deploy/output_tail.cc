#include "server/deploy/output_tail.h"

#include <algorithm>
#include <tuple>

#include "base/io.h"
#include "server/logs/segments.h"
#include "server/supervise/launch.h"

namespace dokku::server {
namespace {

constexpr std::size_t kSegmentBytesMax = 64 << 20;

// A chain is named "<start>-<container>".
bool belongs(const Segment& segment, const std::string& container) {
  return segment.chain.ends_with("-" + container);
}

void append_lines(std::string_view text, std::vector<std::string>& out) {
  bool joins = false;  // the last line goes on
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto record = parse_record(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!record || record->stream == 's') continue;  // marks are for programs
    if (joins && !out.empty()) {
      out.back() += record->text;
    } else {
      out.emplace_back(record->text);
    }
    joins = !record->whole;
  }
}

}  // namespace

std::vector<std::string> last_output(const OutputOf& of, std::size_t lines) {
  std::vector<Segment> mine;
  for (Segment& segment : list_segments(instance_logs(of.logs_dir, of.app, of.process))) {
    if (belongs(segment, of.container)) mine.push_back(std::move(segment));
  }
  std::sort(mine.begin(), mine.end(), [](const Segment& a, const Segment& b) {
    return std::tie(a.chain, a.sequence) < std::tie(b.chain, b.sequence);
  });
  std::vector<std::string> out;
  const std::size_t newest = mine.size() < 2 ? 0 : mine.size() - 2;
  for (std::size_t i = newest; i < mine.size(); ++i) {
    const auto text = read_file(mine[i].path(), kSegmentBytesMax);
    if (text) append_lines(*text, out);
  }
  if (out.size() > lines) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(lines));
  return out;
}

}  // namespace dokku::server
