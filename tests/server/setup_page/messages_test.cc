#include "server/setup_page/messages.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(SetupMessages, ComeBackAsTheyWere) {
  const SetupQuestion question{true, "0f", "ssh-ed25519 A\nssh-rsa B", "ip", "203.0.113.7"};
  EXPECT_EQ(decode_setup_question(encode(question)), question);
  EXPECT_EQ(decode_setup_question(encode(SetupQuestion{})), SetupQuestion{});
  const SetupReply reply{SetupReply::Kind::refused, "203.0.113.7", "2", "example.com", "r", "why"};
  EXPECT_EQ(decode_setup_reply(encode(reply)), reply);
}

TEST(SetupMessages, WhatIsNoneIsNothing) {
  const std::string good = encode(SetupQuestion{.token = "t"});
  EXPECT_FALSE(decode_setup_question(""));
  EXPECT_FALSE(decode_setup_question(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(decode_setup_question(good + "x"));
  EXPECT_FALSE(decode_setup_question(std::string("destroy\0a\0b\0c\0d\0", 16)));
  EXPECT_FALSE(decode_setup_reply(std::string("x\0a\0b\0c\0d\0e\0", 12)));
  EXPECT_FALSE(decode_setup_reply(std::string("\0a\0b\0c\0d\0e\0", 11)));
}

}  // namespace
}  // namespace dokku::server
