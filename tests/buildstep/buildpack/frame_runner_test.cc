// The daemon's side of the frames, against a peer that the pack controls.
#include "buildstep/buildpack/frame_runner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "base/io.h"

namespace dokku::buildstep {
namespace {

using std::chrono::seconds;

class Collector : public PhaseWatcher {
 public:
  void output(int stream, std::string_view bytes) override {
    text[stream == 2 ? 1 : 0].append(bytes);
  }
  std::string text[2];
};

// PID 1 as the tests play it: reads requests, answers as `serve` says.
class FrameRunner : public ::testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    requests_ = *make_pipe();
    replies_ = *make_pipe();
    ::fcntl(requests_.write.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(replies_.read.get(), F_SETFL, O_NONBLOCK);
    runner_.emplace(std::move(requests_.write), std::move(replies_.read),
                    [this] { return alive_; });
  }
  void reply(phase::Kind kind, const std::string& payload, std::uint8_t stream = 0) {
    phase::write_frame(replies_.write.get(), kind, stream, payload.data(),
                       static_cast<std::uint32_t>(payload.size()));
  }
  void reply_exit(phase::Exited exited) {
    unsigned char bytes[phase::kExitedBytes];
    phase::encode_exited(exited, bytes);
    reply(phase::Kind::exited, {reinterpret_cast<const char*>(bytes), sizeof bytes});
  }
  phase::Kind take_request() {
    unsigned char head[phase::kHeaderBytes];
    phase::Header header;
    phase::read_exactly(requests_.read.get(), head, sizeof head);
    phase::decode_header(head, phase::kRequestBytesMax, &header);
    std::string payload(header.length, '\0');
    phase::read_exactly(requests_.read.get(), payload.data(), payload.size());
    return header.kind;
  }
  Result<PhaseEnd> run(PhaseLimits limits = {seconds(20), seconds(20)}) {
    return runner_->run({.argv = {"/bin/true"}}, limits, seen_, cancel_);
  }

  Pipe requests_, replies_;
  Result<> alive_;
  std::optional<FramePhaseRunner> runner_;
  Collector seen_;
  CancelToken cancel_ = *CancelToken::create();
};

TEST_F(FrameRunner, PassesOutputAndTheEnd) {
  reply(phase::Kind::hello, "");
  ASSERT_TRUE(runner_->ready(seconds(5), cancel_).has_value());
  reply(phase::Kind::output, "out", 1);
  reply(phase::Kind::output, "err", 2);
  reply(phase::Kind::output, "put", 1);
  reply_exit({.code = 3, .wall_ns = 5'000'000, .left_over = 2});
  const Result<PhaseEnd> end = run();
  ASSERT_TRUE(end.has_value()) << end.error().message();
  EXPECT_EQ(end->status.shell_status(), 3);
  EXPECT_EQ(end->wall, std::chrono::milliseconds(5));
  EXPECT_EQ(end->left_over, 2U);
  EXPECT_EQ(seen_.text[0], "output");
  EXPECT_EQ(seen_.text[1], "err");
}

TEST_F(FrameRunner, SilenceKillsAndIsTold) {
  std::thread init([this] {
    EXPECT_EQ(take_request(), phase::Kind::run);
    EXPECT_EQ(take_request(), phase::Kind::kill);
    reply_exit({.signal = 9});
  });
  const Result<PhaseEnd> end = run({seconds(20), std::chrono::milliseconds(50)});
  init.join();
  ASSERT_TRUE(end.has_value()) << end.error().message();
  EXPECT_EQ(end->why, PhaseEnd::Why::silence_limit);
}

TEST_F(FrameRunner, CancelKills) {
  std::thread init([this] {
    take_request();
    cancel_.cancel();
    EXPECT_EQ(take_request(), phase::Kind::kill);
    reply_exit({.signal = 9});
  });
  const Result<PhaseEnd> end = run();
  init.join();
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->why, PhaseEnd::Why::cancelled);
}

TEST_F(FrameRunner, StopAsksOnceAndDoesNotWait) {
  runner_->stop();
  EXPECT_EQ(take_request(), phase::Kind::stop);
}

TEST_F(FrameRunner, NonsenseIsAnErrorAndNothingMore) {
  ASSERT_TRUE(write_all(replies_.write.get(), "GET / HTTP/1.1\r\n\r\n").has_value());
  EXPECT_FALSE(run().has_value());
}

TEST_F(FrameRunner, AFrameThatIsTooLongIsRefused) {
  unsigned char head[phase::kHeaderBytes];
  phase::encode_header({phase::Kind::output, 1, phase::kReplyBytesMax + 1}, head);
  ASSERT_TRUE(write_all(replies_.write.get(), {reinterpret_cast<const char*>(head), sizeof head})
                  .has_value());
  EXPECT_FALSE(run().has_value());
}

TEST_F(FrameRunner, AMalformedEndIsRefused) {
  reply(phase::Kind::exited, "short");
  EXPECT_FALSE(run().has_value());
}

TEST_F(FrameRunner, ADeadContainerIsNoticed) {
  alive_ = fail(Errc::limit_exceeded, "The build ran out of memory");
  const Result<PhaseEnd> end = run();
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().message(), "The build ran out of memory");
}

TEST_F(FrameRunner, ARefusedProgramIsTold) {
  reply(phase::Kind::refused, "exec /bin/true: No such file or directory");
  EXPECT_EQ(run().error().message(), "exec /bin/true: No such file or directory");
}

}  // namespace
}  // namespace dokku::buildstep
