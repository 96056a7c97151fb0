#include "proxy/control/messages.h"

#include <gtest/gtest.h>

namespace dokku::proxy {
namespace {

const Group kGroup{.key = "blog",
                   .hosts = {"a.test", "*.b.test"},
                   .listeners = {{.port = 80, .redirect_to = 443},
                                 {.port = 443, .scheme = Scheme::https, .target_port = 8080},
                                 {.port = 9000, .any_host = true}},
                   .targets = {{"10.0.0.2", 5000, "blog.web.1"}},
                   .certificates = {std::string(64, 'a')},
                   .challenges = {{"a.test", "token", "answer", std::string(64, 'b')}},
                   .generation = 7};

TEST(ControlMessages, RequestsComeBackAsTheyWere) {
  ControlRequest request;
  request.op = ControlOp::put;
  request.groups = {kGroup};
  const Result<ControlRequest> back = decode_request(encode(request));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->op, ControlOp::put);
  EXPECT_EQ(back->groups, request.groups);

  request = {};
  request.op = ControlOp::wait_drained;
  request.targets = kGroup.targets;
  request.limit = std::chrono::seconds(3);
  const Result<ControlRequest> wait = decode_request(encode(request));
  ASSERT_TRUE(wait.has_value());
  EXPECT_EQ(wait->targets, request.targets);
  EXPECT_EQ(wait->limit, std::chrono::seconds(3));
}

TEST(ControlMessages, RepliesCarryErrors) {
  const Result<ControlReply> back =
      decode_reply(encode(ControlReply{Error(Errc::conflict, "x"), {}}));
  ASSERT_TRUE(back.has_value());
  ASSERT_TRUE(back->error.has_value());
  EXPECT_EQ(back->error->code(), Errc::conflict);
  EXPECT_EQ(back->error->message(), "x");
}

TEST(ControlMessages, BadOnesAreRefused) {
  for (const char* bad : {
           "",
           "{",
           "[]",
           "{}",
           R"({"op":"dance"})",
           R"({"op":"put"})",
           R"({"op":"put","groups":[{"key":""}]})",
           R"({"op":"put","groups":[{"key":"a","hosts":"b"}]})",
           R"({"op":"put","groups":[{"key":"a","own_ports":[0]}]})",
           R"({"op":"put","groups":[{"key":"a","own_ports":[65536]}]})",
           R"({"op":"put","groups":[{"key":"a","targets":[{"address":"1.2.3.4"}]}]})",
           R"({"op":"put","groups":[{"key":"a","listeners":[{}]}]})",
           R"({"op":"put","groups":[{"key":"a","listeners":[{"port":1,"scheme":"ftp"}]}]})",
           R"({"op":"put","groups":[{"key":"a","certificates":["../x"]}]})",
           R"({"op":"put","groups":[{"key":"a","settings":[]}]})",
           R"({"op":"put","groups":[{"key":"a","settings":{"hsts":1}}]})",
           R"({"op":"put","groups":[{"key":"a","settings":{"access-log":"loud"}}]})",
           R"({"op":"put","groups":[{"key":"a","settings":{"error-pages":{"2000":"x"}}}]})",
           R"({"op":"put","groups":[{"key":"a"}],"certificates":[{"id":"a/b"}]})",
           R"({"op":"remove"})",
           R"({"op":"wait_drained","limit_ms":-1})",
       }) {
    EXPECT_FALSE(decode_request(bad).has_value()) << bad;
  }
}

TEST(ControlMessages, OlderSnapshotsNameOwnPorts) {
  const auto groups = decode_groups(R"([{"key":"a","own_ports":[9000],"colour":"red"}])");
  ASSERT_TRUE(groups.has_value());
  EXPECT_EQ(groups->front().listeners, (std::vector<Listener>{{.port = 9000, .any_host = true}}));
}

TEST(ControlMessages, OnlySettingsThatDifferAreWritten) {
  Group group = kGroup;
  EXPECT_EQ(encode_groups({group}).find("settings"), std::string::npos);
  group.settings.client_max_body_size = 5;
  group.settings.proxy_read_timeout = 90s;
  group.settings.hsts = false;
  group.settings.x_forwarded_for = Settings::Forwarded::append;
  group.settings.access_log = Settings::AccessLog::json;
  group.settings.trusted_proxies = {"10.0.0.0/8"};
  group.settings.error_pages = {{502, "<p>"}};
  group.settings.hold = true;
  const std::string text = encode_groups({group});
  EXPECT_EQ(text.find("keepalive"), std::string::npos);
  const auto back = decode_groups(text);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->front(), group);
}

TEST(ControlMessages, KeysTravelBesideGroups) {
  ControlRequest request;
  request.op = ControlOp::put;
  request.groups = {kGroup};
  request.certificates = {{std::string(64, 'a'), "CHAIN", "SECRET"}};
  const auto back = decode_request(encode(request));
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back->certificates.size(), 1U);
  EXPECT_EQ(back->certificates[0].key, "SECRET");
  EXPECT_EQ(encode_groups(back->groups).find("SECRET"), std::string::npos);
  const auto alone = decode_certificate(encode_certificate(back->certificates[0]));
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(alone->chain, "CHAIN");
}

TEST(ControlMessages, FramesAreTakenOneByOne) {
  std::string bytes = frame("abc") + frame("") + frame("d").substr(0, 4);
  EXPECT_EQ(*take_frame(bytes), "abc");
  EXPECT_EQ(*take_frame(bytes), "");
  EXPECT_EQ(*take_frame(bytes), std::nullopt);
  bytes += "d";
  EXPECT_EQ(*take_frame(bytes), "d");
  bytes = "\xff\xff\xff\x7f";
  EXPECT_EQ(take_frame(bytes).error().code(), Errc::limit_exceeded);
}

}  // namespace
}  // namespace dokku::proxy
