#include "proxy/net/stream.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace dokku::proxy::net {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data());
    a = Stream(UniqueFd(ends[0]));
    b = Stream(UniqueFd(ends[1]));
    a.note(EPOLLOUT);
  }
  std::string read_all() {
    std::string all(4'000'000, '\0');
    std::size_t at = 0;
    for (;;) {
      b.note(EPOLLIN);
      const Stream::Read got = b.read(all.data() + at, all.size() - at);
      if (got.size == 0) return all.substr(0, at);
      at += got.size;
    }
  }
  Stream a;
  Stream b;
};

TEST(Stream, KeepsWhatTheKernelDoesNotTakeAndSendsItLater) {
  Pair pair;
  const std::string big(2'000'000, 'x');
  Gather gather;
  gather.add("head ");
  gather.add(big);
  ASSERT_TRUE(pair.a.write(gather));
  ASSERT_GT(pair.a.pending(), 0U);
  ASSERT_TRUE(pair.a.write("tail"));
  std::string got;
  while (pair.a.pending() > 0) {
    got += pair.read_all();
    pair.a.note(EPOLLOUT);
    ASSERT_TRUE(pair.a.flush());
  }
  got += pair.read_all();
  EXPECT_EQ(got, "head " + big + "tail");
  EXPECT_EQ(pair.a.bytes_sent(), got.size());
}

TEST(Stream, WaitsUntilItIsWritable) {
  Pair pair;
  Stream& quiet = pair.b;
  ASSERT_TRUE(quiet.write("early"));
  EXPECT_EQ(quiet.pending(), 5U);
  quiet.note(EPOLLOUT);
  ASSERT_TRUE(quiet.flush());
  EXPECT_EQ(quiet.pending(), 0U);
}

TEST(Stream, AShortReadMeansDrained) {
  Pair pair;
  ASSERT_TRUE(pair.a.write("abc"));
  std::array<char, 16> buffer{};
  pair.b.note(EPOLLIN);
  EXPECT_EQ(pair.b.read(buffer.data(), buffer.size()).size, 3U);
  EXPECT_FALSE(pair.b.readable());
  // But not behind it the peer's end, once epoll has told of it.
  ASSERT_TRUE(pair.a.write("d"));
  pair.a.end_writing();
  pair.b.note(EPOLLIN | EPOLLRDHUP);
  EXPECT_EQ(pair.b.read(buffer.data(), buffer.size()).size, 1U);
  EXPECT_TRUE(pair.b.readable());
  EXPECT_TRUE(pair.b.read(buffer.data(), buffer.size()).end);
}

TEST(Stream, AFailedWriteLeavesWhatThePeerSaid) {
  Pair pair;
  ASSERT_TRUE(pair.b.write("bye"));
  pair.b.note(EPOLLOUT);
  ASSERT_TRUE(pair.b.flush());
  { const Stream gone = std::move(pair.b); }
  EXPECT_FALSE(pair.a.write("hello"));
  EXPECT_TRUE(pair.a.readable());
  std::array<char, 16> buffer{};
  EXPECT_EQ(pair.a.read(buffer.data(), buffer.size()).size, 3U);
}

}  // namespace
}  // namespace dokku::proxy::net
