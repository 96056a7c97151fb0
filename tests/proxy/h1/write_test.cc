#include "proxy/h1/write.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/h1/head.h"

namespace dokku::proxy::h1 {
namespace {

constexpr Forwarding kFrom{"192.0.2.1", "http", "80", "id", "1.000"};

// What the app gets for this request, without the lines that we add.
std::string forwarded(const std::string& bytes) {
  http::RequestHead head;
  HeadProgress progress;
  const HeadResult result = parse_request(bytes, progress, head);
  EXPECT_TRUE(result.done()) << (result.reason ? result.reason : "");
  std::string out;
  append_request(out, head, kFrom);
  const std::string ours =
      "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n"
      "X-Forwarded-Host: a\r\nX-Request-Id: id\r\nX-Request-Start: 1.000\r\n";
  const std::size_t at = out.find(ours);
  EXPECT_NE(at, out.npos) << out;
  return at == out.npos ? out : out.erase(at, ours.size());
}

struct Row {
  const char* name;
  std::string client;
  std::string app;
};

class Forward : public testing::TestWithParam<Row> {};

TEST_P(Forward, WritesAnewWhatWasUnderstood) {
  EXPECT_EQ(forwarded("GET /x HTTP/1.1\r\nHost: a\r\n" + GetParam().client + "\r\n"),
            "GET /x HTTP/1.1\r\nHost: a\r\n" + GetParam().app + "\r\n");
}

TEST(Underscores, PassWhenTheAppWantsThemAndNobodyIsFooled) {
  http::RequestHead head;
  HeadProgress progress;
  const HeadResult result = parse_request(
      "GET / HTTP/1.1\r\nHost: a\r\nApi_Key: k\r\nContent_Length: 5\r\n"
      "Transfer_Encoding: chunked\r\nX_Forwarded_For: 6.6.6.6\r\nX-Real_IP: 6.6.6.6\r\n"
      "X_Forwarded_Whatever_Long_Name_There_Is: x\r\nHo_st: b\r\nCoo_kie: c\r\n\r\n",
      progress, head);
  ASSERT_TRUE(result.done());
  Forwarding from = kFrom;
  from.underscores = true;
  std::string out;
  append_request(out, head, from);
  EXPECT_TRUE(out.starts_with(
      "GET / HTTP/1.1\r\nHost: a\r\nApi_Key: k\r\nHo_st: b\r\nCoo_kie: c\r\nX-Forwarded-For:"))
      << out;
}

INSTANTIATE_TEST_SUITE_P(
    , Forward,
    testing::Values(
        Row{"OrdinaryFields", "A: b\r\nC: d\r\n", "A: b\r\nC: d\r\n"},
        Row{"BlanksAroundValues", "A:b\r\nC:  d \r\nE: f\r\n", "A: b\r\nC: d\r\nE: f\r\n"},
        Row{"EmptyValue", "A:\r\nB: \r\nC: d\r\n", "A: \r\nB: \r\nC: d\r\n"},
        Row{"HopByHop",
            "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nTE: "
            "trailers\r\nA: b\r\n",
            "A: b\r\n"},
        Row{"NamedByConnection", "Connection: close, x-a\r\nX-A: b\r\nC: d\r\n", "C: d\r\n"},
        Row{"ProtectedFromConnection",
            "Connection: host, cookie, authorization\r\nCookie: c\r\n"
            "Authorization: d\r\n",
            "Cookie: c\r\nAuthorization: d\r\n"},
        Row{"UnderscoreNames", "Content_Length: 5\r\nTransfer_Encoding: chunked\r\nA: b\r\n",
            "A: b\r\n"},
        Row{"ClaimsOfTheClient",
            "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Ssl: on\r\nForwarded: for=x\r\nX-Real-IP: "
            "y\r\n"
            "X-Request-Start: 0\r\nX-Request-Id: z\r\nProxy: evil\r\n",
            ""},
        Row{"H2cUpgrade",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            "HTTP2-Settings: AAA\r\n",
            ""},
        Row{"Websocket", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nA: b\r\n",
            "A: b\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"},
        Row{"Length", "A: b\r\ncontent-length: 007\r\n", "A: b\r\nContent-Length: 7\r\n"},
        Row{"Chunked", "Transfer-Encoding:\tChunked\r\nA: b\r\n",
            "A: b\r\nTransfer-Encoding: chunked\r\n"},
        Row{"Expect", "Content-Length: 1\r\nExpect: 100-continue\r\n", "Content-Length: 1\r\n"}),
    [](const auto& row) { return std::string(row.param.name); });

std::string answered(const std::string& bytes, AnswerFraming framing, AnswerTo request = {}) {
  http::AnswerHead head;
  HeadProgress progress;
  EXPECT_TRUE(parse_answer(bytes, progress, request, head).done());
  framing.date = "now";
  std::string out;
  append_answer(out, head, framing);
  return out;
}

TEST(Answer, GetsDateWhenTheAppGaveNone) {
  EXPECT_EQ(
      answered("HTTP/1.0 200 Fine\r\nServer: x\r\nContent-Length: 2\r\n\r\n", {http::Body::length}),
      "HTTP/1.1 200 Fine\r\nServer: x\r\nDate: now\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 2\r\n\r\n",
                     {http::Body::length, false}),
            "HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST(Answer, OfNoContentSaysNoLength) {
  EXPECT_EQ(answered("HTTP/1.1 204 x\r\nDate: d\r\nContent-Length: 2\r\n\r\n", {}),
            "HTTP/1.1 204 x\r\nDate: d\r\n\r\n");
}

TEST(Answer, ToHeadKeepsTheLength) {
  EXPECT_EQ(answered("HTTP/1.1 200 x\r\nDate: d\r\nContent-Length: 2\r\n\r\n", {},
                     {http::Method::head, false}),
            "HTTP/1.1 200 x\r\nDate: d\r\nContent-Length: 2\r\n\r\n");
}

TEST(Answer, DropsWhatBelongsToTheAppsConnection) {
  EXPECT_EQ(answered("HTTP/1.1 200 x\r\nDate: d\r\nConnection: close, x-a\r\nX-A: b\r\n"
                     "Keep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n",
                     {http::Body::chunked}),
            "HTTP/1.1 200 x\r\nDate: d\r\nC: d\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(Answer, ThatSwitchesProtocolsSaysSo) {
  EXPECT_EQ(answered("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Accept: y\r\n\r\n",
                     {http::Body::until_close}, {http::Method::get, true}),
            "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: y\r\nUpgrade: websocket\r\n"
            "Connection: upgrade\r\n\r\n");
}

TEST(ChunkHeader, IsHexadecimal) {
  EXPECT_EQ(ChunkHeader(0).text(), "0\r\n");
  EXPECT_EQ(ChunkHeader(26).text(), "1a\r\n");
  EXPECT_EQ(ChunkHeader(UINT64_MAX).text(), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace dokku::proxy::h1
