#include "server/model/upkeep.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

Result<Upkeep> parse(const std::string& text) {
  const Result<Instance> instance = Instance::parse(text);
  if (!instance) return Fail(instance.error());
  return Upkeep::parse(text, *instance);
}

TEST(Upkeep, ProductionNeedsNothingSaid) {
  const Result<Upkeep> upkeep = parse(R"({"name":"dokku"})");
  ASSERT_TRUE(upkeep) << upkeep.error().message();
  EXPECT_EQ(upkeep->daemon_logs_dir, "/var/log/dokku");
  EXPECT_EQ(upkeep->proxy_snapshot, "/var/lib/dokku/proxy/routes.json");
  EXPECT_EQ(upkeep->cgroup_parent, "/dokku");
  EXPECT_TRUE(upkeep->sshd_config.empty());
  EXPECT_FALSE(upkeep->prepare_stack);
}

TEST(Upkeep, EverythingIsBelowARoot) {
  const Result<Upkeep> upkeep = parse(
      R"({"name":"t1","root":"/srv/x","cgroup":"/dokku.slice/dokku-apps.service",
          "sshd_config":"/srv/x/ssh/sshd_config","prepare_stack":true,
          "subnet":"10.99.0.0/20"})");
  ASSERT_TRUE(upkeep) << upkeep.error().message();
  EXPECT_EQ(upkeep->daemon_logs_dir, "/srv/x/log");
  EXPECT_EQ(upkeep->proxy_snapshot, "/srv/x/proxy/routes.json");
  EXPECT_EQ(upkeep->cgroup_parent, "/dokku.slice/dokku-apps.service");
  EXPECT_EQ(upkeep->sshd_config, "/srv/x/ssh/sshd_config");
  EXPECT_TRUE(upkeep->prepare_stack);
  EXPECT_EQ(upkeep->subnet, "10.99.0.0/20");
}

TEST(Upkeep, MistakesNameTheirKey) {
  for (const auto& [text, part] : std::vector<std::pair<const char*, const char*>>{
           {R"({"name":"a","cgroup":"/"})", "\"cgroup\""},
           {R"({"name":"a","cgroup":"/a/../b"})", "\"cgroup\""},
           {R"({"name":"a","cgroup":"a"})", "\"cgroup\" must be an absolute path"},
           {R"({"name":"a","sshd_config":1})", "\"sshd_config\" must be text"},
           {R"({"name":"a","subnet":10})", "\"subnet\" must be a range like 10.83.0.0/20"},
           {R"({"name":"a","prepare_stack":1})", "\"prepare_stack\" must be true or false"}}) {
    const Result<Upkeep> upkeep = parse(text);
    ASSERT_FALSE(upkeep) << text;
    EXPECT_NE(upkeep.error().message().find(part), std::string::npos) << upkeep.error().message();
  }
}

}  // namespace
}  // namespace dokku::server
