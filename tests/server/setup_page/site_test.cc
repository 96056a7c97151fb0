#include "server/setup_page/site.h"

#include <gtest/gtest.h>

#include <vector>

namespace dokku::server {
namespace {

const std::string kToken = "0123456789abcdef0123456789abcdef";
const std::string kOther = "0123456789abcdef0123456789abcdee";

class SetupSite : public testing::Test {
 protected:
  WebAnswer ask(const std::string& method, const std::string& target, const std::string& body = "",
                const std::string& client = "198.51.100.1") {
    return site_.answer({method, target, "203.0.113.7", client, body}, now_);
  }

  TimePoint now_{};
  std::vector<SetupQuestion> asked_;
  Result<SetupReply> next_ = SetupReply{.kind = SetupReply::Kind::done, .keys = "1"};
  Site site_{[this](const SetupQuestion& question) -> Result<SetupReply> {
    asked_.push_back(question);
    if (question.token != kToken) return SetupReply{};
    if (!question.apply) {
      return SetupReply{.kind = SetupReply::Kind::form, .address = "10.0.0.5", .keys = "0"};
    }
    return next_;
  }};
};

TEST_F(SetupSite, TheRightLinkShowsTheForm) {
  const WebAnswer answer = ask("GET", "/setup/" + kToken);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.page.find("<form method=\"post\""), std::string::npos);
  // What the browser came by, not what the server knows of itself.
  EXPECT_NE(answer.page.find("value=\"203.0.113.7\""), std::string::npos) << answer.page;
  EXPECT_EQ(ask("GET", "/setup/" + kToken + "?utm=1").status, 200);
}

TEST_F(SetupSite, OtherPlacesSayWhatToType) {
  for (const std::string& target :
       {std::string("/"), std::string("/favicon.ico"), "/setup" + kToken, std::string("*")}) {
    const WebAnswer answer = ask("GET", target);
    EXPECT_EQ(answer.status, 404);
    EXPECT_NE(answer.page.find("sudo dokku setup --browser"), std::string::npos);
  }
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(ask("PUT", "/setup/" + kToken).status, 405);
}

TEST_F(SetupSite, AWrongLinkIsNone) {
  for (const std::string& target : {"/setup/" + kOther, std::string("/setup/"),
                                    "/setup/" + kToken + "0", std::string("/setup/../x")}) {
    EXPECT_EQ(ask("GET", target).status, 404) << target;
    EXPECT_EQ(ask("POST", target, "way=none").status, 404) << target;
  }
}

TEST_F(SetupSite, WhoGuessesTooOftenWaitsAndOthersDoNot) {
  for (int i = 0; i < Guesses::kMax; ++i) EXPECT_EQ(ask("GET", "/setup/" + kOther).status, 404);
  EXPECT_EQ(ask("GET", "/setup/" + kToken).status, 429);
  EXPECT_EQ(ask("GET", "/setup/" + kToken, "", "198.51.100.2").status, 200);
  now_ += Guesses::kPeriod;
  EXPECT_EQ(ask("GET", "/setup/" + kToken).status, 200);
}

TEST_F(SetupSite, AFormIsPassedOnAsItWasTyped) {
  const std::string body = "keys=ssh-ed25519+AAAA%0D%0A&way=domain&domain=+a.test+&address=::1";
  EXPECT_EQ(ask("POST", "/setup/" + kToken, body).status, 200);
  EXPECT_EQ(asked_.back(), (SetupQuestion{true, kToken, "ssh-ed25519 AAAA\r\n", "a.test", "::1"}));
  ask("POST", "/setup/" + kToken, "way=ip&domain=ignored");
  EXPECT_EQ(asked_.back().domain, "ip");
  ask("POST", "/setup/" + kToken, "way=none");
  EXPECT_EQ(asked_.back().domain, "none");
  EXPECT_EQ(ask("POST", "/setup/" + kToken, "way=%").status, 400);
  EXPECT_EQ(ask("POST", "/setup/" + kToken, "way=other").status, 400);
}

TEST_F(SetupSite, ARefusedFormComesBackFilled) {
  next_ = SetupReply{.kind = SetupReply::Kind::refused, .keys = "0", .message = "not a key"};
  const WebAnswer answer = ask("POST", "/setup/" + kToken, "keys=typed&way=domain&domain=a.test");
  EXPECT_EQ(answer.status, 422);
  for (const char* part : {"not a key", ">typed</textarea>", "value=\"a.test\""}) {
    EXPECT_NE(answer.page.find(part), std::string::npos) << part;
  }
  const WebAnswer secret =
      ask("POST", "/setup/" + kToken, "keys=-----BEGIN+OPENSSH+PRIVATE+KEY-----x&way=none");
  EXPECT_EQ(secret.page.find("PRIVATE KEY"), std::string::npos);
}

TEST_F(SetupSite, ADaemonThatIsAwayIsSaid) {
  next_ = fail(Errc::unavailable, "The server is being restarted");
  EXPECT_EQ(ask("POST", "/setup/" + kToken, "way=none").status, 503);
}

TEST_F(SetupSite, AnswersAreKeptNowhereAndNameNobody) {
  const std::string bytes = http_bytes({200, "<p>"}, true);
  for (const char* line :
       {"HTTP/1.1 200 OK\r\n", "\r\nContent-Length: 3\r\n", "\r\nReferrer-Policy: no-referrer\r\n",
        "\r\nCache-Control: no-store\r\n", "default-src 'none'", "frame-ancestors 'none'"}) {
    EXPECT_NE(bytes.find(line), std::string::npos) << line;
  }
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n<p>"));
  EXPECT_TRUE(http_bytes({200, "<p>"}, false).ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace dokku::server
