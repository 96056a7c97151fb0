#include "fixture.h"

namespace dokku::cli {
namespace {

using UrlCommands = CommandsTest;

TEST_F(UrlCommands, ShowThePortUnlessItIsThatOfHttp) {
  must("domains:set-global", "example.com");
  must("apps:create", "blog");
  EXPECT_EQ(run("url", "blog"), (Outcome{0, "http://blog.example.com\n", ""}));
  instance_.http_port = 8080;
  must("domains:add", "blog", "a.example.com");
  EXPECT_EQ(run("urls", "blog").out, "http://a.example.com:8080\nhttp://blog.example.com:8080\n");
  EXPECT_EQ(run("url", "nobody"), (Outcome{20, "", " !     App nobody does not exist\n"}));
}

}  // namespace
}  // namespace dokku::cli
