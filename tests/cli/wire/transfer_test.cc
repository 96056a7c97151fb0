#include "cli/wire/transfer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "base/io.h"

namespace dokku::cli::wire {
namespace {

std::array<UniqueFd, 2> socket_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

TEST(Transfer, DescriptorsArriveOpenAndCloseOnExec) {
  auto [here, there] = socket_pair();
  Result<Pipe> pipe = make_pipe();
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(pipe->write));
  ASSERT_EQ(*send_some(here.get(), "x", fds), 1U);
  fds.clear();

  std::string bytes;
  std::deque<UniqueFd> got;
  ASSERT_TRUE(receive_some(there.get(), bytes, got).has_value());
  EXPECT_EQ(bytes, "x");
  Result<std::vector<UniqueFd>> taken = take_descriptors(got, 1);
  ASSERT_TRUE(taken.has_value());
  ASSERT_TRUE(write_all(taken->front().get(), "through").has_value());
  taken->clear();
  EXPECT_EQ(*read_all(pipe->read.get(), 100), "through");
}

TEST(Transfer, AMissingDescriptorIsAnError) {
  std::deque<UniqueFd> none;
  EXPECT_FALSE(take_descriptors(none, 1).has_value());
}

TEST(Transfer, AFullSocketTakesNothingAndAClosedOneSaysSo) {
  auto [here, there] = socket_pair();
  const std::string much(1 << 20, 'x');
  Result<std::size_t> sent = std::size_t{1};
  while (sent && *sent > 0) sent = send_some(here.get(), much, {});
  EXPECT_EQ(*sent, 0U);
  there.reset();
  sent = send_some(here.get(), much, {});
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code(), Errc::cancelled);
  std::string bytes;
  std::deque<UniqueFd> fds;
  EXPECT_TRUE(receive_some(here.get(), bytes, fds)->end);
}

}  // namespace
}  // namespace dokku::cli::wire
