#include "proxy/control/hosts_file.h"

#include <gtest/gtest.h>

namespace dokku::proxy {
namespace {

TEST(HostsFile, EachHostIsAGroup) {
  const auto groups = decode_hosts(R"([{"host":"A.test","upstream":"10.0.0.1:5000"},
      {"host":"b.test","upstream":"[::1]:80"}, {"host":"a.test","upstream":"10.0.0.2:5000"}])");
  ASSERT_TRUE(groups.has_value());
  ASSERT_EQ(groups->size(), 2U);
  EXPECT_EQ((*groups)[0].hosts, std::vector<std::string>{"a.test"});
  EXPECT_EQ((*groups)[0].targets.size(), 2U);
  EXPECT_EQ((*groups)[1].targets[0].address, "::1");
  EXPECT_EQ((*groups)[1].targets[0].port, 80);
}

TEST(HostsFile, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "{}", "[1]", R"([{"host":"a"}])", R"([{"host":"a","upstream":"10.0.0.1"}])",
        R"([{"host":"a","upstream":"10.0.0.1:0"}])", R"([{"host":"a","upstream":"10.0.0.1:80x"}])",
        R"([{"host":"a","upstream":":80"}])"}) {
    EXPECT_FALSE(decode_hosts(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dokku::proxy
