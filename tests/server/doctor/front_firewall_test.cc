#include "server/doctor/front_firewall.h"

#include <gtest/gtest.h>

#include "tests/host_view/fake_host.h"

namespace dokku::server {
namespace {

using Ports = std::set<std::uint16_t>;
const Ports kWanted{22, 80, 443, 20001};

class Ufw : public ::testing::Test {
 protected:
  Ufw() {
    host_.files["/etc/ufw/ufw.conf"] = "# a comment\nENABLED=yes\nLOGLEVEL=low\n";
    host_.files["/etc/default/ufw"] = "IPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\n";
  }
  Ports closed(const std::string& rules) {
    host_.files["/etc/ufw/user.rules"] = rules;
    return closed_by_ufw(host_, kWanted).ports;
  }
  testing::FakeHost host_;
};

TEST_F(Ufw, KeepsClosedWhatNoRuleLetsIn) {
  EXPECT_EQ(closed(""), kWanted);
  EXPECT_EQ(closed_by_ufw(host_, kWanted).open_them, "ufw allow 22,80,443,20001/tcp");
  host_.files.erase("/etc/ufw/user.rules");
  EXPECT_EQ(closed_by_ufw(host_, kWanted).ports, kWanted);
}

struct UfwRule {
  const char* name;
  std::string tuple;
  Ports open;
};
class UfwRules : public Ufw, public ::testing::WithParamInterface<UfwRule> {};

TEST_P(UfwRules, AreReadAsUfwNotesThem) {
  Ports expected = kWanted;
  for (const std::uint16_t port : GetParam().open) expected.erase(port);
  EXPECT_EQ(closed("### RULES ###\n\n### tuple ### " + GetParam().tuple +
                   "\n-A ufw-user-input -p tcp --dport 1 -j ACCEPT\n"),
            expected);
}

INSTANTIATE_TEST_SUITE_P(
    , UfwRules,
    ::testing::Values(UfwRule{"List", "allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 in", {80, 443}},
                      UfwRule{"Limit", "limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in", {22}},
                      UfwRule{"Range", "allow any 20000:20100 0.0.0.0/0 any 0.0.0.0/0 in", {20001}},
                      UfwRule{"Everything", "allow any any 0.0.0.0/0 any 0.0.0.0/0 in", kWanted},
                      UfwRule{"FromSome", "allow tcp 80 0.0.0.0/0 any 198.51.100.0/24 in", {80}},
                      UfwRule{"OneLink", "allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in_eth0", {80}},
                      UfwRule{"Profile", "allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in", {22}},
                      UfwRule{"Udp", "allow udp 443 0.0.0.0/0 any 0.0.0.0/0 in", {}},
                      UfwRule{"Outward", "allow tcp 443 0.0.0.0/0 any 0.0.0.0/0 out", {}},
                      UfwRule{"Deny", "deny tcp 80 0.0.0.0/0 any 0.0.0.0/0 in", {}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(Ufw, ClosesNothingWhileItIsOffOrLetsInWhatItDoesNotKnow) {
  host_.files["/etc/default/ufw"] = "DEFAULT_INPUT_POLICY=\"ACCEPT\"\n";
  EXPECT_EQ(closed(""), Ports());
  host_.files["/etc/default/ufw"].clear();
  EXPECT_EQ(closed(""), kWanted);
  host_.files["/etc/ufw/ufw.conf"] = "ENABLED=no\n";
  EXPECT_EQ(closed(""), Ports());
}

class Firewalld : public ::testing::Test {
 protected:
  Firewalld() {
    host_.files["/etc/firewalld/firewalld.conf"] = "# a comment\nDefaultZone=home\n";
    host_.files["/usr/lib/firewalld/services/ssh.xml"] =
        "<service>\n  <port protocol=\"tcp\" port=\"22\"/>\n</service>\n";
    host_.files["/usr/lib/firewalld/zones/home.xml"] =
        "<zone>\n  <service name=\"ssh\"/>\n  <port port=\"400-443\" protocol=\"tcp\"/>\n"
        "  <port port=\"80\" protocol=\"udp\"/>\n</zone>\n";
  }
  Ports closed() { return closed_by_firewalld(host_, kWanted).ports; }
  testing::FakeHost host_;
};

TEST_F(Firewalld, KeepsClosedWhatTheDefaultZoneDoesNotName) {
  EXPECT_EQ(closed(), (Ports{80, 20001}));
  EXPECT_EQ(closed_by_firewalld(host_, kWanted).open_them,
            "firewall-cmd --permanent --add-port=80/tcp --add-port=20001/tcp && "
            "firewall-cmd --reload");
}

TEST_F(Firewalld, WhatAPersonSetCountsInsteadOfWhatCameWithIt) {
  host_.files["/etc/firewalld/zones/home.xml"] =
      "<zone><port port=\"80\" protocol=\"tcp\"/></zone>";
  EXPECT_EQ(closed(), (Ports{22, 443, 20001}));
  host_.files["/etc/firewalld/firewalld.conf"].clear();
  host_.files["/usr/lib/firewalld/zones/public.xml"] = "<zone></zone>";
  EXPECT_EQ(closed(), kWanted);
}

TEST_F(Firewalld, AZoneThatALinkWasGivenToCounts) {
  host_.folders["/etc/firewalld/zones"] = {"idle.xml", "wide.xml", "wide.xml.old"};
  host_.files["/etc/firewalld/zones/idle.xml"] = "<zone target=\"ACCEPT\"></zone>";
  host_.files["/etc/firewalld/zones/wide.xml"] =
      "<zone><interface name=\"eth0\"/><port port=\"80\" protocol=\"tcp\"/></zone>";
  EXPECT_EQ(closed(), Ports{20001});
  host_.files["/etc/firewalld/zones/wide.xml"] =
      "<zone target=\"ACCEPT\"><interface name=\"eth0\"/></zone>";
  EXPECT_EQ(closed(), Ports());
}

}  // namespace
}  // namespace dokku::server
