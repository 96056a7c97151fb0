#include "proxy/process/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/io.h"

namespace dokku::proxy::process {
namespace {

struct Pair {
  Pair() : ends(*Channel::socket_pair()), a(std::move(ends.first)), b(std::move(ends.second)) {}
  std::pair<UniqueFd, UniqueFd> ends;
  Channel a;
  Channel b;
};

TEST(Channel, CarriesMessagesOfAnySize) {
  Pair pair;
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{3'000'000}}) {
    const std::string payload(size, 'x');
    ASSERT_TRUE(pair.a.send({MessageKind::put, size + 1, payload, {}}));
    Result<std::optional<Message>> got = pair.b.receive();
    ASSERT_TRUE(got.has_value() && got->has_value());
    EXPECT_EQ((*got)->kind, MessageKind::put);
    EXPECT_EQ((*got)->sequence, size + 1);
    EXPECT_EQ((*got)->payload, payload);
  }
}

TEST(Channel, CarriesDescriptors) {
  Pair pair;
  Pipe pipe = *make_pipe();
  Message message{MessageKind::listen, 0, "80", {}};
  message.fds.push_back(std::move(pipe.write));
  ASSERT_TRUE(pair.a.send(std::move(message)));
  Result<std::optional<Message>> got = pair.b.receive();
  ASSERT_TRUE(got.has_value() && got->has_value());
  ASSERT_EQ((*got)->fds.size(), 1U);
  ASSERT_TRUE(write_all((*got)->fds[0].get(), "hi"));
  (*got)->fds.clear();
  EXPECT_EQ(*read_all(pipe.read.get(), 10), "hi");
}

TEST(Channel, QueuesWhatDoesNotFitAndKeepsTheOrder) {
  Pair pair;
  constexpr std::uint64_t kCount = 200;
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    ASSERT_TRUE(pair.a.send({MessageKind::put, i, std::string(20'000, 'x'), {}}));
  }
  std::uint64_t expected = 1;
  while (expected <= kCount) {
    Result<std::optional<Message>> got = pair.b.receive();
    ASSERT_TRUE(got.has_value());
    if (got->has_value()) {
      ASSERT_EQ((*got)->sequence, expected++);
    } else {
      ASSERT_TRUE(pair.a.flush());
    }
  }
}

TEST(Channel, SaysWhenTheOtherSideHasGone) {
  Pair pair;
  { const Channel gone = std::move(pair.b); }
  EXPECT_FALSE(pair.a.receive().has_value());
  EXPECT_FALSE(pair.a.send({MessageKind::quit, 0, "", {}}).has_value());
}

}  // namespace
}  // namespace dokku::proxy::process
