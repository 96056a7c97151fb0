#include "base/phase_frames.h"

#include <gtest/gtest.h>

namespace dokku::phase {
namespace {

struct Decoded {
  bool ok = false;
  RunView view;
  std::string payload;
  std::vector<char*> pointers = std::vector<char*>(kStringsMax + 3);
};

Decoded decode(const std::string& frame) {
  Decoded out;
  out.payload = frame.substr(kHeaderBytes);
  out.ok = decode_run(out.payload.data(), out.payload.size(), out.pointers.data(), &out.view);
  return out;
}

TEST(PhaseFrames, RunComesBackAsItWasSent) {
  Decoded run = decode(encode_run({"bin/compile", "", "b c"}, {"A=1\n\"x\"", "B="}, "/app", 1));
  ASSERT_TRUE(run.ok);
  EXPECT_STREQ(run.view.argv[0], "bin/compile");
  EXPECT_STREQ(run.view.argv[1], "");
  EXPECT_STREQ(run.view.argv[2], "b c");
  EXPECT_EQ(run.view.argv[3], nullptr);
  EXPECT_STREQ(run.view.envp[0], "A=1\n\"x\"");
  EXPECT_STREQ(run.view.envp[1], "B=");
  EXPECT_EQ(run.view.envp[2], nullptr);
  EXPECT_STREQ(run.view.directory, "/app");
  EXPECT_EQ(run.view.flags, kSeparateStreams);
}

TEST(PhaseFrames, RunWithoutEnvironmentHasAnEmptyOne) {
  Decoded run = decode(encode_run({"true"}, {}, "/", 0));
  ASSERT_TRUE(run.ok);
  EXPECT_EQ(run.view.envp[0], nullptr);
}

TEST(PhaseFrames, RefusesWhatCannotBeAnArgument) {
  EXPECT_EQ(encode_run({std::string("a\0b", 3)}, {}, "/", 0), "");
  EXPECT_EQ(encode_run({}, {}, "/", 0), "");
  EXPECT_EQ(encode_run({"x"}, {std::string(kRequestBytesMax, 'x')}, "/", 0), "");
}

TEST(PhaseFrames, EveryCutOfARunIsMalformed) {
  const std::string frame = encode_run({"a", "b"}, {"C=d"}, "/e", 0);
  for (std::size_t size = kHeaderBytes; size < frame.size(); ++size) {
    EXPECT_FALSE(decode(frame.substr(0, size)).ok) << size;
  }
  EXPECT_FALSE(decode(frame + "x").ok);
}

TEST(PhaseFrames, HeaderIsBounded) {
  unsigned char head[kHeaderBytes];
  encode_header({Kind::output, 2, kReplyBytesMax}, head);
  Header header;
  EXPECT_TRUE(decode_header(head, kReplyBytesMax, &header));
  EXPECT_EQ(header.stream, 2);
  EXPECT_FALSE(decode_header(head, kReplyBytesMax - 1, &header));
  head[1] = kVersion + 1;
  EXPECT_FALSE(decode_header(head, kReplyBytesMax, &header));
}

TEST(PhaseFrames, ExitedComesBackAsItWasSent) {
  unsigned char bytes[kExitedBytes];
  encode_exited({.code = -1, .signal = 9, .wall_ns = 5ULL << 33, .cpu_us = 7, .left_over = 2},
                bytes);
  Exited exited;
  ASSERT_TRUE(decode_exited(bytes, sizeof bytes, &exited));
  EXPECT_EQ(exited.code, -1);
  EXPECT_EQ(exited.signal, 9);
  EXPECT_EQ(exited.wall_ns, 5ULL << 33);
  EXPECT_EQ(exited.left_over, 2U);
  EXPECT_FALSE(decode_exited(bytes, sizeof bytes - 1, &exited));
}

}  // namespace
}  // namespace dokku::phase
