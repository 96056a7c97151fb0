#include "server/daemons/plan.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

std::vector<DaemonPlan> plans(const char* text, const char* file) {
  const Instance instance = *Instance::parse(text);
  return plans_of(instance, *Upkeep::parse(text, instance), file);
}

TEST(DaemonPlans, ProductionHasAProxyAndDokkudAndTheHostsSshd) {
  const auto all = plans(R"({"name":"dokku","helpers_dir":"/var/lib/dokku/versions/current"})",
                         "/etc/dokku/instance.json");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(joined(all[0].arguments),
            "/var/lib/dokku/versions/current/dokku-proxy --http-port 80 --https-port 443 "
            "--control /run/dokku/proxy.sock --snapshot /var/lib/dokku/proxy/routes.json "
            "--user dokku-proxy --pid-file /run/dokku/dokku-proxy.pid "
            "--log-dir /var/log/dokku-proxy");
  EXPECT_EQ(all[0].log_file, "/var/log/dokku/dokku-proxy.log");
  EXPECT_EQ(joined(all[1].arguments),
            "/var/lib/dokku/versions/current/dokkud --config /etc/dokku/instance.json");
  EXPECT_EQ(all[1].ready, DaemonPlan::Ready::answers);
}

TEST(DaemonPlans, AnInstanceOfItsOwnPortsHasItsOwnSshd) {
  const auto all = plans(R"({"name":"t","root":"/srv/t","http_port":8080,"ssh_port":2222,
                             "sshd_config":"/srv/t/ssh/sshd_config"})",
                         "/srv/t/instance.json");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(joined(all[0].arguments).find("--https-port"), std::string::npos);
  EXPECT_EQ(all[2].name, "sshd");
  EXPECT_EQ(all[2].port, 2222);
  EXPECT_EQ(joined(all[2].arguments), "/usr/sbin/sshd -D -e -f /srv/t/ssh/sshd_config");
}

TEST(DaemonPlans, AnUnknownNameSaysWhichThereAre) {
  const auto all = plans(R"({"name":"dokku"})", "/x");
  EXPECT_TRUE(plan_named(all, "dokkud"));
  EXPECT_EQ(plan_named(all, "nginx").error().message(),
            "no program nginx here, but dokku-proxy, dokkud");
}

}  // namespace
}  // namespace dokku::server
