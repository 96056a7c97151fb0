#include "server/checks/http_answer.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

// Whole and byte by byte: the same must come out.
HttpAnswer both_ways(const std::string& bytes, bool closed = false) {
  HttpAnswer whole, pieces;
  EXPECT_TRUE(whole.add(bytes));
  for (const char c : bytes) {
    if (!pieces.complete()) {
      EXPECT_TRUE(pieces.add({&c, 1}));
    }
  }
  if (closed) {
    EXPECT_TRUE(whole.end());
    EXPECT_TRUE(pieces.end());
  }
  EXPECT_EQ(whole.status(), pieces.status());
  EXPECT_EQ(whole.body(), pieces.body());
  EXPECT_EQ(whole.complete(), pieces.complete());
  return whole;
}

TEST(HttpAnswer, BodyByLength) {
  const HttpAnswer answer =
      both_ways("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body(), "hello");
  EXPECT_TRUE(answer.complete());
}

TEST(HttpAnswer, BodyUntilTheEnd) {
  const HttpAnswer answer = both_ways("HTTP/1.0 503 No\r\n\r\nsorry", true);
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.body(), "sorry");
  EXPECT_TRUE(answer.complete());
}

TEST(HttpAnswer, BodyInChunks) {
  const HttpAnswer answer = both_ways(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n"
      "0\r\n\r\n");
  EXPECT_EQ(answer.body(), "hello world");
  EXPECT_TRUE(answer.complete());
}

TEST(HttpAnswer, ContinueComesBeforeTheAnswer) {
  const HttpAnswer answer =
      both_ways("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(answer.status(), 204);
  EXPECT_TRUE(answer.complete());
}

TEST(HttpAnswer, WhatIsNoAnswer) {
  EXPECT_FALSE(HttpAnswer().add("SSH-2.0-OpenSSH\r\n"));
  EXPECT_FALSE(HttpAnswer().add("HTTP/1.1 abc\r\n\r\n"));
  EXPECT_FALSE(HttpAnswer().add("HTTP/" + std::string(HttpAnswer::kHeadBytesMax, 'x')));
  EXPECT_FALSE(HttpAnswer().end());
  HttpAnswer torn;
  EXPECT_TRUE(torn.add("HTTP/1.1 200"));
  EXPECT_FALSE(torn.end());
}

TEST(HttpAnswer, ALongBodyIsCutShort) {
  HttpAnswer answer;
  ASSERT_TRUE(answer.add("HTTP/1.1 200 OK\r\n\r\n"));
  ASSERT_TRUE(answer.add(std::string(2 * HttpAnswer::kBodyBytesMax, 'x')));
  EXPECT_TRUE(answer.complete());
  EXPECT_EQ(answer.body().size(), HttpAnswer::kBodyBytesMax);
}

}  // namespace
}  // namespace dokku::server
