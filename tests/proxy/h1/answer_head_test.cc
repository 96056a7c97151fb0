#include <gtest/gtest.h>

#include <string>

#include "proxy/h1/head.h"

namespace dokku::proxy::h1 {
namespace {

using http::Body;

struct Row {
  const char* name;
  std::string bytes;
  bool accepted;
  Body body = Body::none;
  AnswerTo request{};
};

class AnswerHead : public testing::TestWithParam<Row> {};

void expect_row(const Row& row, const HeadResult& result, const http::AnswerHead& head) {
  EXPECT_EQ(result.done(), row.accepted) << (result.reason ? result.reason : "");
  EXPECT_EQ(result.refused(), !row.accepted);
  if (row.accepted) {
    EXPECT_EQ(head.body, row.body);
  }
}

TEST_P(AnswerHead, IsJudgedTheSameWholeAndBytewise) {
  const Row& row = GetParam();
  http::AnswerHead head;
  HeadProgress whole;
  HeadResult result = parse_answer(row.bytes, whole, row.request, head);
  expect_row(row, result, head);
  HeadProgress progress;
  for (std::size_t size = 1; size <= row.bytes.size(); ++size) {
    result = parse_answer(std::string_view(row.bytes).substr(0, size), progress, row.request, head);
    if (result.kind != HeadResult::Kind::more) break;
  }
  expect_row(row, result, head);
}

std::string ok(const std::string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n"; }
constexpr AnswerTo kHead{http::Method::head, false};
constexpr AnswerTo kUpgrade{http::Method::get, true};

INSTANTIATE_TEST_SUITE_P(
    , AnswerHead,
    testing::Values(
        Row{"UntilClose", ok(""), true, Body::until_close},
        Row{"Length", ok("Content-Length: 3\r\n"), true, Body::length},
        Row{"Chunked", ok("Transfer-Encoding: chunked\r\n"), true, Body::chunked},
        Row{"HeadHasNoBody", ok("Content-Length: 3\r\n"), true, Body::none, kHead},
        Row{"NoContent", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", true},
        Row{"NotModified", "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", true},
        Row{"ResetContent", "HTTP/1.1 205 x\r\nContent-Length: 3\r\n\r\n", true},
        Row{"Continue", "HTTP/1.1 100 Continue\r\n\r\n", true},
        Row{"EarlyHints", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", true},
        Row{"UpgradeAsked", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", true, Body::none,
            kUpgrade},
        Row{"UpgradeNotAsked", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", false},
        Row{"NoReason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", true, Body::length},
        Row{"EqualLengths", ok("Content-Length: 3\r\nContent-Length: 3\r\n"), true, Body::length},
        Row{"LengthsDiffer", ok("Content-Length: 3\r\nContent-Length: 4\r\n"), false},
        Row{"LengthListDiffers", ok("Content-Length: 3, 4\r\n"), false},
        Row{"LengthNegative", ok("Content-Length: -1\r\n"), false},
        Row{"LengthEmpty", ok("Content-Length:\r\n"), false},
        Row{"CodingAndLength", ok("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), false},
        Row{"OtherCoding", ok("Transfer-Encoding: gzip\r\n"), false},
        Row{"CodingTwice", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            false},
        Row{"CodingIn10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false},
        Row{"ControlInValue", ok("A: \x01\r\n"), false},
        Row{"NulInValue", ok(std::string("A: b\0\r\n", 7)), false},
        Row{"BareCrInValue", ok("A: b\rc\r\n"), false},
        Row{"SpaceBeforeColon", ok("A : b\r\n"), false},
        Row{"ObsFold", ok("A: b\r\n c\r\n"), false},
        Row{"BareLf", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", true, Body::length},
        Row{"OtherVersion", "HTTP/2.0 200 OK\r\n\r\n", false},
        Row{"StatusOfTwoDigits", "HTTP/1.1 20 OK\r\n\r\n", false},
        Row{"StatusBelow100", "HTTP/1.1 099 x\r\n\r\n", false},
        Row{"NotHttp", "hello\r\n\r\n", false},
        Row{"TooLarge", ok("A: " + std::string(70'000, 'b') + "\r\n"), false}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(AnswerHeadMeaning, KeepAliveTimeoutIsRead) {
  http::AnswerHead head;
  HeadProgress progress;
  const std::string bytes = ok("Keep-Alive: max=9, timeout=5\r\nContent-Length: 0\r\n");
  ASSERT_TRUE(parse_answer(bytes, progress, {}, head).done());
  EXPECT_EQ(head.keep_alive_seconds, 5);
  EXPECT_TRUE(head.keep_alive);
}

TEST(AnswerHeadMeaning, ConnectionIsNotKept) {
  for (const std::string& bytes : {ok("Connection: close\r\nContent-Length: 0\r\n"), ok(""),
                                   std::string("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")}) {
    http::AnswerHead head;
    HeadProgress progress;
    ASSERT_TRUE(parse_answer(bytes, progress, {}, head).done());
    EXPECT_FALSE(head.keep_alive) << bytes;
  }
}

}  // namespace
}  // namespace dokku::proxy::h1
