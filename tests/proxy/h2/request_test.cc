#include "proxy/h2/request.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace dokku::proxy::h2 {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields request(Fields more = {}, const std::string& path = "/",
               const std::string& authority = "app.test") {
  Fields all{{":method", "GET"}, {":scheme", "https"}, {":path", path}};
  if (!authority.empty()) all.emplace_back(":authority", authority);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

int parse(RequestLines& lines, const Fields& fields, http::RequestHead& head, bool end = true) {
  lines.clear();
  for (const auto& [name, value] : fields) lines.add(name, value);
  return lines.parse(end, {}, head);
}

TEST(RequestLines, BecomeARequestHead) {
  RequestLines lines;
  http::RequestHead head;
  ASSERT_EQ(parse(lines, request({{"a", "b"}}, "/x?y", "App.test:81"), head), 0);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/x?y");
  EXPECT_EQ(head.authority, "App.test:81");
  EXPECT_EQ(head.host, "App.test");
  EXPECT_EQ(head.body, http::Body::none);
}

TEST(RequestLines, ABodyWithoutALengthIsChunked) {
  RequestLines lines;
  http::RequestHead head;
  ASSERT_EQ(parse(lines, request(), head, /*end=*/false), 0);
  EXPECT_EQ(head.body, http::Body::chunked);
  ASSERT_EQ(parse(lines, request({{"content-length", "7"}}), head, /*end=*/false), 0);
  EXPECT_EQ(head.body, http::Body::length);
  EXPECT_EQ(head.length, 7U);
}

TEST(RequestLines, CookiesAreJoined) {
  RequestLines lines;
  http::RequestHead head;
  ASSERT_EQ(parse(lines, request({{"cookie", "a=b"}, {"cookie", "c=d"}}), head), 0);
  EXPECT_EQ(head.fields.find(http::FieldId::cookie)->value, "a=b; c=d");
}

TEST(RequestLines, HostStandsInForTheAuthority) {
  RequestLines lines;
  http::RequestHead head;
  ASSERT_EQ(parse(lines, request({{"host", "b.test"}}, "/", ""), head), 0);
  EXPECT_EQ(head.host, "b.test");
  EXPECT_EQ(parse(lines, request({{"host", "b.test"}}), head), 400);
}

TEST(RequestLines, NoLineBreaksInTwo) {
  RequestLines lines;
  http::RequestHead head;
  EXPECT_EQ(parse(lines, request({}, "/ HTTP/1.1\r\nA: b\r\n\r\n"), head), 400);
  EXPECT_EQ(parse(lines, request({{"a", "b\r\n\r\nGET / HTTP/1.1"}}), head), 400);
  EXPECT_EQ(parse(lines, request({{"a: b\r\nc", "d"}}), head), 400);
}

TEST(RequestLines, TooMuchIsSaidSo) {
  RequestLines lines;
  http::RequestHead head;
  EXPECT_EQ(parse(lines, request({{"a", std::string(40'000, 'b')}}), head), 431);
  EXPECT_EQ(parse(lines, Fields(200, {"a", "b"}), head), 400);
}

TEST(RequestLines, TrailersAreThoseThatMayComeSoLate) {
  RequestLines lines;
  for (const char* name : {"x-sum", "content-length", "x-forwarded-for", "a_b", "y"}) {
    lines.add(name, "1");
  }
  EXPECT_EQ(lines.trailers(), "x-sum: 1\r\ny: 1\r\n");
}

}  // namespace
}  // namespace dokku::proxy::h2
