#include "buildstep/buildpack/line_stream.h"

#include <gtest/gtest.h>

namespace dokku::buildstep {
namespace {

std::vector<std::string> shown(const std::vector<std::string>& pieces,
                               const std::vector<std::string>& masked = {}) {
  std::vector<std::string> lines;
  LineStream stream([&](std::string_view line) { lines.emplace_back(line); }, masked);
  for (const std::string& piece : pieces) stream.feed(piece);
  stream.flush();
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineStream, IndentsByTheRule) {
  EXPECT_EQ(shown({"-----> Step\n       detail\n !     warning\nplain\n=====> x\n\x1b[1mbold\n\n"}),
            (Lines{"-----> Step", "       detail", " !     warning", "       plain", "=====> x",
                   "\x1b[1mbold", ""}));
}

TEST(LineStream, JoinsPiecesAndKeepsTheLastLine) {
  EXPECT_EQ(shown({"a", "b\nc", "d"}), (Lines{"       ab", "       cd"}));
}

TEST(LineStream, KeepsTheLastStateOfAProgressBar) {
  EXPECT_EQ(shown({"10%\r", "50%\r", "100%\n", "win\r\n"}), (Lines{"       100%", "       win"}));
}

TEST(LineStream, CutsALineWithoutAnEnd) {
  const Lines lines = shown({std::string(40000, 'x')});
  EXPECT_GE(lines.size(), 1U);
  EXPECT_EQ(lines[0].size(), 40007U);
}

TEST(LineStream, MasksValuesLineByLine) {
  EXPECT_EQ(
      shown({"a s3cret-token b\nfirst-line\nok\n"}, {"s3cret-token", "first-line\nsecond", "ok"}),
      (Lines{"       a **** b", "       ****", "       ok"}));
}

}  // namespace
}  // namespace dokku::buildstep
