#include "cli/output/json.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

TEST(Json, ReplacesWhatIsNoUtf8) { EXPECT_EQ(json_list({"a\xff"}), "[\"a\xef\xbf\xbd\"]"); }

}  // namespace
}  // namespace dokku::cli
