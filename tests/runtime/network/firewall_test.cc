#include "runtime/network/firewall.h"

#include <gtest/gtest.h>

namespace dokku::runtime {
namespace {

std::string chain(const std::string& family, const std::string& table, const std::string& name,
                  const std::string& more = "") {
  return R"({"chain": {"family": ")" + family + R"(", "table": ")" + table + R"(", "name": ")" +
         name + R"(", "handle": 1)" + more + "}}";
}
std::string hook(const std::string& type, const std::string& at, const std::string& policy) {
  return R"(, "type": ")" + type + R"(", "hook": ")" + at + R"(", "prio": 0, "policy": ")" +
         policy + "\"";
}
RulesetSurvey survey(const std::string& chains) {
  Result<RulesetSurvey> found =
      parse_survey(R"({"nftables": [{"metainfo": {}}, )" + chains + "]}", "dokku_t1");
  EXPECT_TRUE(found.has_value());
  return *found;
}

TEST(RulesetSurvey, AnEmptyHostNeedsNothing) {
  const RulesetSurvey found = *parse_survey("not json", "dokku_t1");
  EXPECT_TRUE(found.closed.empty());
  EXPECT_FALSE(found.forwarding_was_off || found.other_instances || found.others_forward);
}

TEST(RulesetSurvey, GoesThroughDockersOwnChain) {
  const RulesetSurvey found =
      survey(chain("ip", "filter", "FORWARD", hook("filter", "forward", "drop")) + "," +
             chain("ip", "filter", "DOCKER-USER") + "," +
             chain("ip", "nat", "OUTPUT", hook("nat", "output", "accept")));
  EXPECT_EQ(found.closed, (std::vector<ForeignChain>{{"ip", "filter", "DOCKER-USER"}}));
  EXPECT_TRUE(found.others_forward);
  EXPECT_TRUE(found.others_rewrite_local);
}

TEST(RulesetSurvey, FindsClosedInputAndFirewalld) {
  const RulesetSurvey found =
      survey(chain("ip", "filter", "INPUT", hook("filter", "input", "drop")) + "," +
             chain("inet", "firewalld", "filter_FORWARD", hook("filter", "forward", "accept")) +
             "," + chain("ip6", "filter", "FORWARD", hook("filter", "forward", "drop")) + "," +
             chain("inet", "own", "in", hook("filter", "input", "accept")));
  EXPECT_EQ(found.closed, (std::vector<ForeignChain>{{"ip", "filter", "INPUT"},
                                                     {"inet", "firewalld", "filter_FORWARD"}}));
  EXPECT_EQ(found.passed.size(), 3U);
}

TEST(RulesetSurvey, TellsInstancesApart) {
  const std::string mark = "forwarding_was_off";
  EXPECT_FALSE(survey(chain("inet", "dokku_t1", "input")).other_instances);
  EXPECT_TRUE(survey(chain("inet", "dokku_t2", "input")).other_instances);
  EXPECT_TRUE(survey(chain("inet", "dokku_t2", mark)).forwarding_was_off);
  EXPECT_FALSE(survey(chain("inet", "foreign", mark)).forwarding_was_off);
}

std::string zone_rule(const std::string& address, const std::string& way,
                      const std::string& target) {
  return R"({"nftables": [{"metainfo": {}}, {"rule": {"family": "inet", "table": "firewalld",
      "chain": "filter_FORWARD_ZONES", "handle": 9, "expr": [
      {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
       "right": {"prefix": {"addr": ")" +
         address + R"(", "len": 20}}}}, {")" + way + R"(": {"target": ")" + target + R"("}}]}}]})";
}

TEST(Firewalld, TrustsASourceOfItsZoneTrusted) {
  const Subnet subnet = *choose_subnet({});
  const std::string forward = "filter_FORWARD";
  EXPECT_TRUE(trusts(zone_rule("10.83.0.0", "goto", "filter_FWD_trusted"), forward, subnet));
  EXPECT_TRUE(trusts(zone_rule("10.83.0.0", "jump", "filter_FWD_trusted"), forward, subnet));
  EXPECT_FALSE(trusts(zone_rule("10.84.0.0", "goto", "filter_FWD_trusted"), forward, subnet));
  EXPECT_FALSE(trusts(zone_rule("10.83.0.0", "goto", "filter_FWD_public"), forward, subnet));
  EXPECT_FALSE(trusts(zone_rule("10.83.0.0", "goto", "filter_IN_trusted"), "filter_INPUT", subnet));
  EXPECT_FALSE(trusts("{}", forward, subnet));
}

TEST(Ruleset, FillsEveryPlace) {
  const FirewallRules rules{.table = "dokku_t1",
                            .link_prefix = "dkt1-",
                            .subnet = *choose_subnet({}),
                            .public_ports = {80, 443},
                            .forwarding_was_off = true,
                            .track_loopback = false};
  const std::string text = ruleset_text(rules);
  for (const char* word : {"TABLE", "PREFIX", "GATEWAY", "SUBNET", "LOOPBACK", "PORTS", "MARK"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  }
  EXPECT_NE(text.find("tcp dport { 80, 443 } accept"), std::string::npos);
  EXPECT_NE(text.find("chain forwarding_was_off"), std::string::npos);
  EXPECT_NE(text.find("iifname \"lo\" ip saddr 127.0.0.0/8"), std::string::npos);
}

}  // namespace
}  // namespace dokku::runtime
