#include "runtime/containerd/records.h"

#include <gtest/gtest.h>

namespace dokku::runtime {
namespace {

TEST(LabelFilter, JoinsWithAndAndQuotes) {
  EXPECT_EQ(label_filter({}), "");
  EXPECT_EQ(label_filter({{"dokku.app", "blog"}}), R"(labels."dokku.app"=="blog")");
  EXPECT_EQ(label_filter({{"a", R"(x"y\z)"}, {"b", "1,2"}}),
            R"(labels."a"=="x\"y\\z",labels."b"=="1,2")");
}

}  // namespace
}  // namespace dokku::runtime
