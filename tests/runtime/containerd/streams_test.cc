#include "runtime/containerd/streams.h"

#include <gtest/gtest.h>

namespace dokku::runtime {
namespace {

Stdio fifos(const char* in, const char* out, const char* err) {
  return {Stdio::Kind::fifos, in, out, err, {}, {}, {}};
}
Stdio logger(const char* program, const char* value) {
  return {Stdio::Kind::logger, {}, {}, {}, program, "dir", value};
}

TEST(StreamsForInit, NothingIsNothing) {
  const auto streams = streams_for_init({}, false);
  ASSERT_TRUE(streams.has_value());
  EXPECT_EQ(streams->in + streams->out + streams->err, "");
}

TEST(StreamsForInit, OutputsThatAreNotWantedGoNowhere) {
  const auto streams = streams_for_init(fifos("", "/o", ""), false);
  ASSERT_TRUE(streams.has_value());
  EXPECT_EQ(streams->in, "");
  EXPECT_EQ(streams->out, "/o");
  EXPECT_EQ(streams->err, "/dev/null");
}

TEST(StreamsForInit, ATerminalHasNoStandardError) {
  const auto streams = streams_for_init(fifos("/i", "/o", "/e"), true);
  ASSERT_TRUE(streams.has_value());
  EXPECT_EQ(streams->err, "");
  EXPECT_TRUE(streams->terminal);
}

TEST(StreamsForInit, TheLoggersValueIsEscaped) {
  const auto streams = streams_for_init(logger("/opt/my log", "/srv/a b&c=d%?#"), false);
  ASSERT_TRUE(streams.has_value());
  EXPECT_EQ(streams->out, "binary:///opt/my%20log?dir=%2Fsrv%2Fa%20b%26c%3Dd%25%3F%23");
  EXPECT_EQ(streams->err, streams->out);
}

TEST(StreamsForInit, RefusesWhatTheShimDoesNotKnow) {
  EXPECT_FALSE(streams_for_init(logger("/log", "x"), true).has_value());
  EXPECT_FALSE(streams_for_init(logger("log", "x"), false).has_value());
  EXPECT_FALSE(streams_for_init({}, true).has_value());
  EXPECT_FALSE(streams_for_exec(logger("/log", "x"), false).has_value());
}

TEST(StreamsForExec, AlwaysNamesItsOutputs) {
  const auto streams = streams_for_exec({}, false);
  ASSERT_TRUE(streams.has_value());
  EXPECT_EQ(streams->out, "/dev/null");
  EXPECT_EQ(streams->err, "/dev/null");
}

}  // namespace
}  // namespace dokku::runtime
