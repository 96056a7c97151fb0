#include "server/model/instance.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(Instance, ProductionNeedsAName) {
  const Result<Instance> instance = Instance::parse(R"({"name":"dokku"})");
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(instance->state_dir, "/var/lib/dokku");
  EXPECT_EQ(instance->home_dir, "/home/dokku");
  EXPECT_EQ(instance->command_socket(), "/run/dokku/dokku.sock");
  EXPECT_EQ(instance->containerd_namespace(), "dokku");
  EXPECT_EQ(instance->http_port, 80);
}

TEST(Instance, EverythingIsBelowItsRootUnlessGiven) {
  const Result<Instance> instance = Instance::parse(
      R"({"name":"t1","root":"/srv/x","http_port":8080,"stack_dir":"/srv/stack",
          "private_containerd":true})");
  ASSERT_TRUE(instance) << instance.error().message();
  EXPECT_EQ(instance->database(), "/srv/x/lib/dokku.db");
  EXPECT_EQ(instance->home_dir, "/srv/x/home");
  EXPECT_EQ(instance->stack_dir, "/srv/stack");
  EXPECT_EQ(instance->http_port, 8080);
  EXPECT_TRUE(instance->private_containerd);
  EXPECT_EQ(instance->cgroup_parent(), "/dokku-t1");
}

TEST(Instance, MistakesNameTheirKey) {
  for (const auto& [text, part] : std::vector<std::pair<const char*, const char*>>{
           {"", "not a JSON object"},
           {"[1]", "not a JSON object"},
           {R"({"root":"/srv"})", "\"name\""},
           {R"({"name":"Bad-Name"})", "\"name\""},
           {R"({"name":"a","root":"srv"})", "\"root\" must be an absolute path"},
           {R"({"name":"a","http_port":0})", "\"http_port\""},
           {R"({"name":"a","http_port":"80"})", "\"http_port\" must be a number"},
           {R"({"name":"a","private_containerd":1})", "\"private_containerd\""}}) {
    const Result<Instance> instance = Instance::parse(text);
    ASSERT_FALSE(instance) << text;
    EXPECT_NE(instance.error().message().find(part), std::string::npos)
        << instance.error().message();
  }
}

}  // namespace
}  // namespace dokku::server
