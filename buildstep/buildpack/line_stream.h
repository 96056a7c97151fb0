// From a pack's bytes to the lines that people see (docs/buildpacks.md).
//
// Lines end at a line feed; of a progress bar (carriage returns) the last state is kept. No last
// line is ever lost. Values of the platform's own variables are masked.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dokku::buildstep {

// Lines that begin with a space, "-----", "=====" or an escape stay; others get seven spaces.
std::string indent_pack_line(std::string_view line);

class LineStream {
 public:
  using Sink = std::function<void(std::string_view line)>;

  // `masked`: values to replace by "****"; short ones (under 6 bytes) are left alone, since they
  // would hide half of every line.
  LineStream(Sink sink, const std::vector<std::string>& masked);

  void feed(std::string_view bytes);
  // Passes on what has no line feed yet.
  void flush();
  // A call every ten seconds: shows a bar's state, so that a silent minute shows life.
  void tick();
  // The last lines, as printed.
  const std::deque<std::string>& last_lines() const { return last_; }

 private:
  void emit(std::string line);

  Sink sink_;
  std::vector<std::string> masked_;
  std::string partial_;
  std::deque<std::string> last_;
};

}  // namespace dokku::buildstep
