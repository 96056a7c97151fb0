#include "proxy/h2/answer.h"

#include <gtest/gtest.h>

namespace dokku::proxy::h2 {
namespace {

AnswerLines with(std::string_view name, std::string_view value) {
  AnswerLines lines;
  lines.add(":status", "200");
  lines.add(name, value);
  return lines;
}

TEST(AnswerLines, BecomeAHead) {
  AnswerLines lines = with("grpc-status", "0");
  http::AnswerHead head;
  ASSERT_TRUE(lines.parse(http::Method::post, head));
  EXPECT_EQ(head.status, 200);
  ASSERT_EQ(head.fields.size(), 1U);
  EXPECT_EQ(head.fields.begin()->name, "grpc-status");
  EXPECT_EQ(head.fields.begin()->value, "0");
  EXPECT_EQ(head.body, http::Body::until_close);
}

TEST(AnswerLines, KnowTheLength) {
  http::AnswerHead head;
  AnswerLines lines = with("content-length", "7");
  ASSERT_TRUE(lines.parse(http::Method::get, head));
  EXPECT_EQ(head.body, http::Body::length);
  EXPECT_EQ(head.length, 7U);
  ASSERT_TRUE(lines.parse(http::Method::head, head));
  EXPECT_EQ(head.body, http::Body::none);
}

TEST(AnswerLines, RefuseWhatCouldMeanTwoThings) {
  http::AnswerHead head;
  EXPECT_FALSE(with("a b", "c").parse(http::Method::get, head));
  EXPECT_FALSE(with("a", "b\x01").parse(http::Method::get, head));
  EXPECT_FALSE(with("a", "b\r\nc: d").parse(http::Method::get, head));
  EXPECT_FALSE(with("content-length", "1, 2").parse(http::Method::get, head));
  AnswerLines switching;
  switching.add(":status", "101");
  EXPECT_FALSE(switching.parse(http::Method::get, head));
  AnswerLines none;
  EXPECT_FALSE(none.parse(http::Method::get, head));
}

TEST(AnswerLines, KeepNoMoreThanTheyMust) {
  AnswerLines lines;
  lines.add(":status", "200");
  for (int i = 0; i < 100; ++i) lines.add("name", std::string(4096, 'v'));
  EXPECT_GT(lines.bytes(), 400'000U);
  http::AnswerHead head;
  EXPECT_FALSE(lines.parse(http::Method::get, head));
}

TEST(AnswerLines, OfTrailersPassWhatBelongsThere) {
  AnswerLines lines;
  lines.add("grpc-status", "0");
  lines.add("content-length", "3");
  lines.add("with_underscore", "x");
  EXPECT_EQ(lines.trailers(), "grpc-status: 0\r\nwith_underscore: x\r\n");
  lines.clear();
  EXPECT_EQ(lines.trailers(), "");
}

}  // namespace
}  // namespace dokku::proxy::h2
