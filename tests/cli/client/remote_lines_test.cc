#include "cli/client/remote_lines.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

TEST(RemoteLines, MarkTheBeginningOfEachLineOnce) {
  RemoteLines lines;
  EXPECT_EQ(lines.mark("-----> Bui"), "\033[1G\033[K-----> Bui");
  EXPECT_EQ(lines.mark("lding\n"), "lding\n");
  EXPECT_EQ(lines.mark("a\n\nb"), "\033[1G\033[Ka\n\033[1G\033[K\n\033[1G\033[Kb");
}

}  // namespace
}  // namespace dokku::cli
