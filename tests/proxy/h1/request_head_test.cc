#include <gtest/gtest.h>

#include <string>

#include "proxy/h1/head.h"

namespace dokku::proxy::h1 {
namespace {

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n";

HeadResult parse_whole(const std::string& bytes, http::RequestHead& head) {
  static std::string kept;  // what the head's views point into
  kept = bytes;
  HeadProgress progress;
  return parse_request(kept, progress, head);
}

// The same connection, one byte per read.
HeadResult parse_bytewise(const std::string& bytes, http::RequestHead& head) {
  HeadProgress progress;
  HeadResult result;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    result = parse_request(std::string_view(bytes).substr(0, size), progress, head);
    if (result.kind != HeadResult::Kind::more) return result;
  }
  return result;
}

struct Row {
  const char* name;
  std::string bytes;
  int status;  // 0: accepted
};

class RequestHead : public testing::TestWithParam<Row> {};

TEST_P(RequestHead, IsJudgedTheSameWholeAndBytewise) {
  http::RequestHead head;
  for (const HeadResult& result :
       {parse_whole(GetParam().bytes, head), parse_bytewise(GetParam().bytes, head)}) {
    if (GetParam().status == 0) {
      EXPECT_TRUE(result.done()) << (result.reason ? result.reason : "incomplete");
      EXPECT_EQ(result.consumed, GetParam().bytes.size());
    } else {
      EXPECT_TRUE(result.refused());
      EXPECT_EQ(result.status, GetParam().status) << (result.reason ? result.reason : "");
    }
  }
}

std::string get(const std::string& field_lines) { return kGet + field_lines + "\r\n"; }
std::string line(const std::string& request_line) { return request_line + "\r\nHost: a\r\n\r\n"; }
std::string post(const std::string& field_lines) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + field_lines + "\r\n";
}
std::string host(const std::string& value) {
  return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n";
}

const auto kName = [](const testing::TestParamInfo<Row>& row) { return row.param.name; };

const Row kLines[] = {
    Row{"Plain", get(""), 0},
    Row{"OneEmptyLineBefore", "\r\n" + get(""), 0},
    Row{"ManyEmptyLinesBefore", "\r\n\r\n\r\n\r\n\r\n\r\n" + get(""), 400},
    Row{"BareLfEndsRequestLine", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
    Row{"BareLfEndsField", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
    Row{"BareLfEndsHead", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
    Row{"BareLfFirst", "\n" + get(""), 400},
    Row{"BareCrInRequestLine", line("GET /\r HTTP/1.1"), 400},
    Row{"BareCrInValue", get("A: b\rc\r\n"), 400},
    Row{"BareCrFirst", "\rGET / HTTP/1.1\r\n\r\n", 400},
    Row{"SpaceBeforeFirstField", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    Row{"ObsFold", get("A: b\r\n c\r\n"), 400},
    Row{"ObsFoldWithTab", get("A: b\r\n\tc\r\n"), 400},
    Row{"TlsHello", std::string("\x16\x03\x01\x02\x00", 5), 400},
};
INSTANTIATE_TEST_SUITE_P(Lines, RequestHead, testing::ValuesIn(kLines), kName);

const Row kRequestLine[] = {

    Row{"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
    Row{"Http09", "GET /\r\n\r\n", 400},
    Row{"TwoSpacesBeforeTarget", line("GET  / HTTP/1.1"), 400},
    Row{"TwoSpacesBeforeVersion", line("GET /  HTTP/1.1"), 400},
    Row{"TabAsSeparator", line("GET\t/ HTTP/1.1"), 400},
    Row{"SpaceAtTheEnd", line("GET / HTTP/1.1 "), 400},
    Row{"SpaceInTarget", line("GET /a b HTTP/1.1"), 400},
    Row{"LeadingSpace", line(" GET / HTTP/1.1"), 400},
    Row{"LowerCaseMethod", line("get / HTTP/1.1"), 0},
    Row{"MethodWithPlus", line("M+N / HTTP/1.1"), 0},
    Row{"MethodNoToken", line("G(T / HTTP/1.1"), 400},
    Row{"MethodTooLong", line(std::string(40, 'A') + " / HTTP/1.1"), 501},
    Row{"LowerCaseVersion", line("GET / http/1.1"), 400},
    Row{"Http12IsTakenAs11", line("GET / HTTP/1.2"), 0},
    Row{"Http20", line("GET / HTTP/2.0"), 505},
    Row{"Http30", line("GET / HTTP/3.0"), 505},
    Row{"Http111", line("GET / HTTP/1.11"), 400},
    Row{"Trace", line("TRACE / HTTP/1.1"), 405},
    Row{"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
    Row{"OptionsAsterisk", line("OPTIONS * HTTP/1.1"), 0},
    Row{"GetAsterisk", line("GET * HTTP/1.1"), 400},
    Row{"AbsoluteForm", line("GET http://b/c HTTP/1.1"), 0},
    Row{"AbsoluteFormUpperCaseScheme", line("GET HTTP://b/c HTTP/1.1"), 0},
    Row{"AbsoluteFormOtherScheme", line("GET ftp://b/c HTTP/1.1"), 400},
    Row{"AbsoluteFormWithUserinfo", line("GET http://u@b/c HTTP/1.1"), 400},
    Row{"AbsoluteFormWithoutHost", line("GET http:///c HTTP/1.1"), 400},
    Row{"AbsoluteFormStillNeedsHost", "GET http://b/c HTTP/1.1\r\n\r\n", 400},
    Row{"RelativeTarget", line("GET a HTTP/1.1"), 400},
    Row{"Fragment", line("GET /a#b HTTP/1.1"), 400},
    Row{"HighByteInTarget", line("GET /\xc3\xa4 HTTP/1.1"), 400},
    Row{"NulInTarget", line(std::string("GET /\0 HTTP/1.1", 15)), 400},
    Row{"DelInTarget", line("GET /\x7f HTTP/1.1"), 400},
    Row{"DotsAndEscapesStay", line("GET /a/../%2e%2E/b?c=%00 HTTP/1.1"), 0},
    Row{"TargetTooLong", line("GET /" + std::string(40'000, 'a') + " HTTP/1.1"), 414},
};
INSTANTIATE_TEST_SUITE_P(RequestLine, RequestHead, testing::ValuesIn(kRequestLine), kName);

const Row kHost[] = {
    Row{"Missing", "GET / HTTP/1.1\r\n\r\n", 400},
    Row{"Twice", get("Host: a\r\n"), 400},
    Row{"Empty", host(""), 400},
    Row{"WithPort", host("a:80"), 0},
    Row{"WithEmptyPort", host("a:"), 0},
    Row{"WithBadPort", host("a:8x"), 400},
    Row{"WithLargePort", host("a:65536"), 400},
    Row{"Ipv6", host("[::1]:80"), 0},
    Row{"Ipv6Unclosed", host("[::1"), 400},
    Row{"Ipv6Garbage", host("[::g]"), 400},
    Row{"Userinfo", host("u@a"), 400},
    Row{"CommaList", host("a, b"), 400},
    Row{"CommaWithoutSpace", host("a,b"), 400},
    Row{"Path", host("a/b"), 400},
    Row{"Space", host("a b"), 400},
    Row{"HighByte", host("\xc3\xa4"), 400},
    Row{"Underscore", host("a_b.c"), 0},
    Row{"Escape", host("a%41"), 0},
    Row{"BadEscape", host("a%4"), 400},
};
INSTANTIATE_TEST_SUITE_P(Host, RequestHead, testing::ValuesIn(kHost), kName);

const Row kFields[] = {
    Row{"SpaceBeforeColon", get("A : b\r\n"), 400},
    Row{"TabBeforeColon", get("A\t: b\r\n"), 400},
    Row{"NoColon", get("A\r\n"), 400},
    Row{"EmptyName", get(": b\r\n"), 400},
    Row{"NameNoToken", get("A(: b\r\n"), 400},
    Row{"HighByteInName", get("\xc3\xa4: b\r\n"), 400},
    Row{"NulInValue", get(std::string("A: b\0c\r\n", 8)), 400},
    Row{"ControlInValue", get("A: b\x01\r\n"), 400},
    Row{"DelInValue", get("A: b\x7f\r\n"), 400},
    Row{"VerticalTabAroundValue",
        get("A: \x0b"
            "b\r\n"),
        400},
    Row{"TabInValue", get("A: b\tc\r\n"), 0},
    Row{"HighBytesInValue", get("A: \xc3\xa4\r\n"), 0},
    Row{"NoSpaceAfterColon", get("A:b\r\n"), 0},
    Row{"EmptyValue", get("A:\r\n"), 0},
    Row{"Underscore", get("A_B: c\r\n"), 0},
    Row{"HeadTooLarge", get("A: " + std::string(40'000, 'b') + "\r\n"), 431},
    Row{"UnknownExpectation", post("Expect: a-miracle\r\nContent-Length: 1\r\n"), 417},
    Row{"ConnectionNoToken", get("Connection: a b\r\n"), 400},
};
INSTANTIATE_TEST_SUITE_P(Fields, RequestHead, testing::ValuesIn(kFields), kName);

const Row kFraming[] = {

    Row{"Length", post("Content-Length: 5\r\n"), 0},
    Row{"LengthZero", post("Content-Length: 0\r\n"), 0},
    Row{"LengthPlus", post("Content-Length: +5\r\n"), 400},
    Row{"LengthMinus", post("Content-Length: -5\r\n"), 400},
    Row{"LengthHex", post("Content-Length: 0x5\r\n"), 400},
    Row{"LengthEmpty", post("Content-Length:\r\n"), 400},
    Row{"LengthSpaceInside", post("Content-Length: 1 2\r\n"), 400},
    Row{"LengthList", post("Content-Length: 5, 5\r\n"), 400},
    Row{"LengthTwice", post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
    Row{"LengthTwiceInOtherCase", post("Content-Length: 5\r\ncontent-length: 6\r\n"), 400},
    Row{"LengthOf63Bits", post("Content-Length: 9223372036854775807\r\n"), 0},
    Row{"LengthOf64Bits", post("Content-Length: 9223372036854775808\r\n"), 400},
    Row{"Chunked", post("Transfer-Encoding: chunked\r\n"), 0},
    Row{"ChunkedUpperCase", post("Transfer-Encoding: CHUNKED\r\n"), 0},
    Row{"ChunkedAfterTab", post("Transfer-Encoding:\tchunked\r\n"), 0},
    Row{"ChunkedTwice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    Row{"ChunkedList", post("Transfer-Encoding: chunked, chunked\r\n"), 501},
    Row{"ChunkedGzip", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
    Row{"ChunkedWithParameter", post("Transfer-Encoding: chunked;a=b\r\n"), 501},
    Row{"Identity", post("Transfer-Encoding: identity\r\n"), 501},
    Row{"CodingEmpty", post("Transfer-Encoding:\r\n"), 501},
    Row{"CodingWithVerticalTab",
        post("Transfer-Encoding: \x0b"
             "chunked\r\n"),
        400},
    Row{"CodingAndLength", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
    Row{"LengthAndCoding", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
    Row{"CodingIn10", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
};
INSTANTIATE_TEST_SUITE_P(Framing, RequestHead, testing::ValuesIn(kFraming), kName);

TEST(RequestHeadMeaning, TooManyFieldsAreRefused) {
  std::string many;
  for (int i = 0; i < 99; ++i) many += "A: b\r\n";
  http::RequestHead head;
  EXPECT_TRUE(parse_whole(get(many), head).done());
  EXPECT_EQ(parse_whole(get(many + "A: b\r\n"), head).status, 431);
}

TEST(RequestHeadMeaning, AbsoluteFormReplacesHost) {
  http::RequestHead head;
  ASSERT_TRUE(parse_whole(line("GET http://B.c:81/d?e HTTP/1.1"), head).done());
  EXPECT_EQ(head.authority, "B.c:81");
  EXPECT_EQ(head.host, "B.c");
  EXPECT_EQ(head.target, "/d?e");
}

TEST(RequestHeadMeaning, AbsoluteFormWithoutPathGetsOne) {
  http::RequestHead head;
  ASSERT_TRUE(parse_whole(line("GET http://b HTTP/1.1"), head).done());
  EXPECT_EQ(head.target, "/");
  ASSERT_TRUE(parse_whole(line("OPTIONS http://b HTTP/1.1"), head).done());
  EXPECT_EQ(head.target, "*");
  ASSERT_TRUE(parse_whole(line("GET http://b?c HTTP/1.1"), head).done());
  EXPECT_TRUE(head.slash_missing);
}

TEST(RequestHeadMeaning, KeepAliveByVersionAndConnection) {
  http::RequestHead head;
  ASSERT_TRUE(parse_whole(get(""), head).done());
  EXPECT_TRUE(head.keep_alive);
  ASSERT_TRUE(parse_whole(get("Connection: Close\r\n"), head).done());
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(parse_whole("GET / HTTP/1.0\r\n\r\n", head).done());
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(parse_whole("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", head).done());
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHeadMeaning, WebsocketUpgradeIsAskedForAndH2cIsNot) {
  http::RequestHead head;
  ASSERT_TRUE(parse_whole(get("Connection: Upgrade\r\nUpgrade: websocket\r\n"), head).done());
  EXPECT_EQ(head.upgrade, "websocket");
  ASSERT_TRUE(parse_whole(get("Connection: Upgrade\r\nUpgrade: h2c\r\n"), head).done());
  EXPECT_EQ(head.upgrade, "");
  ASSERT_TRUE(parse_whole(get("Upgrade: websocket\r\n"), head).done());
  EXPECT_EQ(head.upgrade, "");
  ASSERT_TRUE(parse_whole(post("Content-Length: 1\r\nConnection: Upgrade\r\n"
                               "Upgrade: websocket\r\n"),
                          head)
                  .done());
  EXPECT_EQ(head.upgrade, "");
}

TEST(RequestHeadMeaning, NothingIsSaidBeforeTheHeadIsWhole) {
  http::RequestHead head;
  HeadProgress progress;
  EXPECT_EQ(parse_request("", progress, head).kind, HeadResult::Kind::more);
  EXPECT_EQ(parse_request("GET / HT", progress, head).kind, HeadResult::Kind::more);
  EXPECT_EQ(parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r", progress, head).kind,
            HeadResult::Kind::more);
}

}  // namespace
}  // namespace dokku::proxy::h1
