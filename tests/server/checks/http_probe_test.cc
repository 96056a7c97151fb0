#include "server/checks/http_probe.h"

#include <gtest/gtest.h>

#include "tests/fakes/local_server.h"

namespace dokku::server {
namespace {

using testing::LocalServer;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";

// Goes on until it is over; 5 s at most.
Result<> finish(Probe& probe) {
  for (int i = 0; i < 50; ++i) {
    if (const auto over = probe.advance()) return *over;
    std::vector<pollfd> waits = probe.waits();
    ::poll(waits.data(), waits.size(), 100);
  }
  return fail(Errc::timed_out, probe.standing());
}

HttpQuestion question(const LocalServer& server) {
  return {.address = "127.0.0.1", .port = server.port(), .path = "/up", .host = "a.example.com"};
}

std::string reason(HttpQuestion question) {
  const Result<> done = finish(*make_http_probe(std::move(question)));
  return done ? "passed" : done.error().message();
}

TEST(HttpProbe, AsksAsTheProxyWouldAndIsContentWithSuccess) {
  LocalServer server(kOk);
  HttpQuestion asked = question(server);
  asked.https = true;
  asked.headers = {{"X-Token", "a b"}};
  asked.content = "lo wor";
  EXPECT_EQ(reason(asked), "passed");
  EXPECT_EQ(server.last_request(),
            "GET /up HTTP/1.1\r\nHost: a.example.com\r\nUser-Agent: dokku-checks\r\n"
            "Accept: */*\r\nConnection: close\r\nX-Forwarded-Proto: https\r\n"
            "X-Token: a b\r\n\r\n");
}

TEST(HttpProbe, SaysWhatWasExpectedAndWhatCame) {
  LocalServer server("HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nno tables");
  EXPECT_EQ(reason(question(server)),
            "expected status 200 to 299, got 500 with \"no tables\"");
  server.answer_from_now(kOk);
  HttpQuestion other = question(server);
  other.content = "Welcome";
  EXPECT_EQ(reason(other), "expected \"Welcome\" in the body, got \"hello world\"");
  server.answer_from_now("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(reason(question(server)),
            "expected status 200 to 299, got 302 with an empty body");
  server.answer_from_now("nonsense\r\n\r\n");
  EXPECT_EQ(reason(question(server)), "what came is not an HTTP answer");
}

TEST(HttpProbe, APortWithoutPathIsOnlyConnectedTo) {
  LocalServer server("HTTP/1.1 500 Oops\r\n\r\n");
  HttpQuestion port = question(server);
  port.path.clear();
  EXPECT_EQ(reason(port), "passed");
}

TEST(HttpProbe, NobodyThere) {
  HttpQuestion closed;
  {
    const LocalServer server("x");
    closed = question(server);
  }
  EXPECT_EQ(reason(closed), "nothing listens on port " + std::to_string(closed.port));
  closed.address = "";
  EXPECT_EQ(reason(closed), "the process has no address");
}

TEST(HttpProbe, SilenceIsNamed) {
  LocalServer server("");
  const auto probe = make_http_probe(question(server));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(probe->advance());
    std::vector<pollfd> waits = probe->waits();
    ::poll(waits.data(), waits.size(), 20);
  }
  EXPECT_STREQ(probe->standing(), "no answer");
}

}  // namespace
}  // namespace dokku::server
