#include "proxy/tls/client_hello.h"

#include <gtest/gtest.h>

namespace dokku::proxy::tls {
namespace {

std::string vector2(const std::string& bytes) {
  return std::string{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size())} + bytes;
}
std::string names(const std::string& name, char kind = 0) {
  return vector2(kind + vector2(name));
}

TEST(ServerName, IsReadInLowerCase) {
  EXPECT_EQ(server_name(names("Blog.Example.COM")), "blog.example.com");
  EXPECT_EQ(server_name(names("a.test.")), "a.test");
}

TEST(ServerName, WhatIsNoHostIsNone) {
  EXPECT_FALSE(server_name(names("")));
  EXPECT_FALSE(server_name(names("a b")));
  EXPECT_FALSE(server_name(names(std::string("a\0b", 3))));
  EXPECT_FALSE(server_name(names(std::string(254, 'a'))));
  EXPECT_FALSE(server_name(names("a.test", 7)));
  EXPECT_FALSE(server_name(""));
}

TEST(ServerName, CutShortAtAnyByteIsNone) {
  const std::string whole = names("a.test");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(server_name(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(server_name(whole + "x"));
}

TEST(Offers, FindsAProtocolAmongOthers) {
  const std::string list = vector2(std::string("\x02h2\x08http/1.1", 12));
  EXPECT_TRUE(offers(list, "h2"));
  EXPECT_TRUE(offers(list, "http/1.1"));
  EXPECT_FALSE(offers(list, "http"));
  EXPECT_FALSE(offers(list + "x", "h2"));
  EXPECT_FALSE(offers(list.substr(0, 5), "h2"));
  EXPECT_FALSE(offers("", "h2"));
}

}  // namespace
}  // namespace dokku::proxy::tls
