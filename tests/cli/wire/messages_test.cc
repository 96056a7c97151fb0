#include "cli/wire/messages.h"

#include <gtest/gtest.h>

#include <random>

namespace dokku::cli::wire {
namespace {

Call sample_call() {
  Call call;
  call.argv = {"config:set", "blog", "KEY=a b", ""};
  call.environment = {{"TERM", "xterm"}, {"DOKKU_QUIET_OUTPUT", ""}};
  call.key_id = "SHA256:abc";
  call.stdin_is_terminal = true;
  call.columns = 211;
  call.rows = 50;
  return call;
}

TEST(Messages, CallSurvivesTheWay) {
  const Result<Call> decoded = decode_call(encode_call(sample_call()));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, sample_call());
}

TEST(Messages, AttachAndBecomeSurviveTheWay) {
  const Attach attach{true, false, true, true, {"run:resume", "blog.run.1"}};
  EXPECT_EQ(*decode_attach(encode_attach(attach)), attach);
  const Become become{{"/usr/bin/git", "receive-pack"}, {"A=b"}};
  EXPECT_EQ(*decode_become(encode_become(become)), become);
}

TEST(Messages, AShortenedCallIsRefusedAtEveryLength) {
  const std::string bytes = encode_call(sample_call());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_call(bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_call(bytes + "x").has_value());
}

TEST(Messages, AWordWithAZeroByteIsRefusedByItsField) {
  Call call = sample_call();
  call.argv[1] = std::string("a\0b", 3);
  const Result<Call> decoded = decode_call(encode_call(call));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().message(), "malformed frame: argv");
}

TEST(Messages, ACountThatCannotBeIsRefused) {
  EXPECT_FALSE(decode_call(std::string(4, '\xff')).has_value());
  EXPECT_FALSE(decode_become(std::string(8, '\0')).has_value());
}

TEST(Messages, SurviveAnyBytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string good = encode_call(sample_call());
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    // Refused or read: both are fine, and the sanitizers watch.
    (void)decode_call(bytes).has_value();
    (void)decode_attach(bytes).has_value();
    (void)decode_become(bytes).has_value();
    (void)decode_answer(bytes).has_value();
  }
}

}  // namespace
}  // namespace dokku::cli::wire
