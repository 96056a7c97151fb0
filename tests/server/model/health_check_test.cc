#include "server/model/health_check.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using Kind = HealthCheck::Kind;

std::vector<HealthCheck> parse(std::string_view text,
                               const std::map<std::string, std::string>& config = {}) {
  const auto checks = parse_checks_file(text, config, {});
  EXPECT_TRUE(checks) << checks.error().message();
  return checks.value_or(std::vector<HealthCheck>());
}

TEST(ChecksFile, PathsTextsAndSettings) {
  const auto checks = parse(
      "# what must answer\nWAIT=2\nTIMEOUT=7\r\nATTEMPTS=3\n\n"
      "/  Hello   World \n/stylesheets/a.css\n");
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].path, "/");
  EXPECT_EQ(checks[0].content, "Hello   World");
  EXPECT_EQ(checks[0].name, "check-1");
  EXPECT_EQ(checks[0].kind, Kind::path);
  EXPECT_EQ(checks[1].path, "/stylesheets/a.css");
  EXPECT_EQ(checks[1].content, "");
  EXPECT_EQ(checks[1].name, "check-2");
  for (const HealthCheck& check : checks) {
    EXPECT_EQ(check.wait, 2s);
    EXPECT_EQ(check.timeout, 7s);
    EXPECT_EQ(check.attempts, 3U);
  }
}

TEST(ChecksFile, DefaultsAreTheFilesOwn) {
  const auto checks = parse("/");
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].wait, 5s);
  EXPECT_EQ(checks[0].timeout, 30s);
  EXPECT_EQ(checks[0].attempts, 5U);
  EXPECT_EQ(checks[0].longest(), 175s);
}

TEST(ChecksFile, WholeUrlsNameTheirHost) {
  const auto checks = parse(
      "//admin.example.com/login In\nhttp://a.example.com/x\n"
      "https://b.example.com\n");
  ASSERT_EQ(checks.size(), 3U);
  EXPECT_EQ(checks[0].host, "admin.example.com");
  EXPECT_EQ(checks[0].path, "/login");
  EXPECT_EQ(checks[0].content, "In");
  EXPECT_EQ(checks[1].host, "a.example.com");
  EXPECT_FALSE(checks[1].https);
  EXPECT_EQ(checks[2].host, "b.example.com");
  EXPECT_EQ(checks[2].path, "/");
  EXPECT_TRUE(checks[2].https);
}

TEST(ChecksFile, ConfigIsFilledIn) {
  const auto checks = parse("//{{ var \"HOST\" }}/ {{var \"WORD\"}} {{ other }}{{ var \"NO\" }}",
                            {{"HOST", "h.example.com"}, {"WORD", "hi"}});
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].host, "h.example.com");
  EXPECT_EQ(checks[0].content, "hi {{ other }}");
}

TEST(ChecksFile, ASettingMayHaveARemarkBehindIt) {
  const auto checks = parse("WAIT=2 # wait 2 seconds\nTIMEOUT=7# and no more\n/ # hi", {});
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].wait, std::chrono::seconds(2));
  EXPECT_EQ(checks[0].timeout, std::chrono::seconds(7));
  EXPECT_EQ(checks[0].content, "# hi");
}

TEST(ChecksFile, WhatIsNeitherIsNamedByItsLine) {
  for (const char* line :
       {"index.html", "WAIT=2 seconds", "WAIT=soon", "ATTEMPTS=0", "ftp://a/", "// x"}) {
    const auto checks = parse_checks_file("/\n" + std::string(line), {}, {});
    ASSERT_FALSE(checks) << line;
    EXPECT_TRUE(checks.error().message().starts_with("CHECKS, line 2: ")) << line;
  }
}

TEST(HealthCheckText, IsSortedAsDokkuPrintsIt) {
  HealthCheck check;
  EXPECT_EQ(check.description(5000), "type='uptime' uptime=10");
  check.kind = Kind::listening;
  EXPECT_EQ(check.description(5000), "attempts=3 port=5000 timeout=5 type='listening' wait=5");
  check.kind = Kind::path;
  check.path = "/up";
  check.port = 3000;
  EXPECT_EQ(check.description(5000),
            "attempts=3 path='/up' port=3000 timeout=5 type='path' wait=5");
  check.kind = Kind::command;
  check.command = {"test", "-f", "x"};
  EXPECT_EQ(check.description(5000),
            "attempts=3 command='test -f x' timeout=5 type='command' wait=5");
}

}  // namespace
}  // namespace dokku::server
