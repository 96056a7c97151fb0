#include <fstream>

#include "fixture.h"

namespace dokku::cli {
namespace {

// Looked at from another thread while the command writes.
class SharedSession : public FakeSession {
 public:
  void out(std::string_view bytes) override {
    text_.with([&](std::string& text) { text += bytes; });
    if (on_out) on_out();
  }
  std::string text() {
    return text_.with([](std::string& text) { return text; });
  }
  std::function<void()> on_out;

 private:
  Guarded<std::string> text_;
};

class PlatformLogs : public CommandsTest {
 protected:
  void log(const std::string& program, const std::string& lines) {
    std::filesystem::create_directories(instance_.daemon_logs_dir);
    std::ofstream(instance_.daemon_logs_dir / (program + ".log"), std::ios::app) << lines;
  }
};

TEST_F(PlatformLogs, OneProgramsLinesAreAsTheyAre) {
  log("dokkud", "one\ntwo\nthree\n");
  EXPECT_EQ(run("logs:platform", "dokkud"), (Outcome{0, "one\ntwo\nthree\n", ""}));
  EXPECT_EQ(run("logs:platform", "-n", "2", "dokkud").out, "two\nthree\n");
}

TEST_F(PlatformLogs, AllHaveTheirProgramsInFront) {
  log("dokkud", "ready\n");
  log("dokku-proxy", "listening\n");
  EXPECT_EQ(run("logs:platform").out, "dokku-proxy: listening\ndokkud: ready\n");
  EXPECT_EQ(run("logs:platform", "proxy").out, "listening\n");
}

TEST_F(PlatformLogs, ThoseOfOtherProgramsAreNot) {
  log("dokkud", "ready\n");
  EXPECT_EQ(run("logs:platform", "../passwd").err,
            " !     There is no program ../passwd\n"
            " !     There are: containerd, dokku-proxy, dokkud, sshd\n");
}

TEST_F(PlatformLogs, FollowsUntilThePersonIsGone) {
  log("dokkud", "before\n");
  SharedSession session;
  session.on_out = [&] {
    const std::string text = session.text();
    if (text == "before\n") log("dokkud", "after\n");
    if (text == "before\nafter\n") session.cancel_token().cancel();
  };
  EXPECT_EQ(run_in(session, {"logs:platform", "-t", "dokkud"}).status, 0);
  EXPECT_EQ(session.text(), "before\nafter\n");
}

}  // namespace
}  // namespace dokku::cli
