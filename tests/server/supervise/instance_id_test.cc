#include "server/supervise/instance_id.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(InstanceId, NamesAppTypeIndexAndRelease) {
  EXPECT_EQ(instance_container({"blog", "web", 1, 12}).str(), "blog.web.1.r12");
  EXPECT_EQ(one_off_container("blog", "run.4711").str(), "blog.run.4711");
}

TEST(InstanceId, LabelsCarryTheKeyBack) {
  const InstanceKey key{"my..app-", "my_worker-", 3, 7};
  EXPECT_EQ(instance_of(instance_labels(key)), key);
  EXPECT_EQ(instance_of({{kLabelApp, "blog"}, {kLabelOneOff, "run.1"}}), std::nullopt);
}

TEST(InstanceId, AppNamesThatAreNoIdentifiersStayApart) {
  const auto dashes = instance_container({"a--b", "web", 1, 1}).str();
  const auto dots = instance_container({"a..b", "web", 1, 1}).str();
  EXPECT_NE(dashes, dots);
  EXPECT_TRUE(dashes.starts_with("a-b.web.1.r1-")) << dashes;
}

TEST(InstanceId, LongNamesAreShortenedToTheLimit) {
  const std::string app(70, 'x');
  const auto one = instance_container({app, "web", 1, 1}).str();
  const auto two = instance_container({app, "web", 2, 1}).str();
  EXPECT_LE(one.size(), 76U);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace dokku::server
