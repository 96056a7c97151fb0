#include "server/model/base64.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(Base64, IsThatOfTheRfc) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe", "//4="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text).value_or("?"), bytes);
  }
  for (const char* bad : {"Z", "Zg=", "Zg= ", "Z===", "====", "Zg==Zg==", "Zm9\n"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

}  // namespace
}  // namespace dokku::server
