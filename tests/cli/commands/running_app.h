// An app that was really pushed, through the deploy engine, and runs in fake containers.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/commands/arguments.h"
#include "fixture.h"

namespace dokku::cli {

class RunningAppTest : public CommandsTest {
 protected:
  // Also what the store says of it afterwards. `tree` is any text.
  void push(const std::string& name, std::map<std::string, std::string> processes,
            const std::string& tree = "tree", bool may_fail = false) {
    FakeSession session;
    Invocation call = invocation(session);
    PrinterProgress progress(call);
    builder_.set_processes(std::move(processes));
    const Result<server::App> app = platform_->apps.find(name);
    ASSERT_TRUE(app) << app.error().message();
    Result<Pipe> pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ASSERT_TRUE(write_all(pipe->write.get(), tree));
    pipe->write.reset();
    server::PushedTree pushed{std::move(pipe->read), std::string(40, 'a'), "refs/heads/main"};
    const Result<> done = deploys_->push(*app, std::move(pushed), {"alice", "git-push"}, progress);
    pushed_ = {done ? 0 : 1, session.printed(),
               session.complained() + (done ? "" : done.error().message())};
    if (may_fail) return;
    ASSERT_TRUE(done) << done.error().message() << session.printed() << session.complained();
  }

  void tear_down(const std::string& name) {
    FakeSession session;
    Invocation call = invocation(session);
    PrinterProgress progress(call);
    const Result<server::App> app = platform_->apps.find(name);
    ASSERT_TRUE(app && deploys_->tear_down(*app, {"root", "test"}, progress));
  }

  // A record as dokku-log writes it.
  void write_log(const std::string& app, const std::string& process, const std::string& text) {
    const std::filesystem::path dir = instance_.logs_dir() / app / process;
    std::filesystem::create_directories(dir);
    const std::string file = "00000000000000000001-" + app + "." + process + ".000001.log";
    Result<UniqueFd> fd = open_file(dir / file, O_WRONLY | O_CREAT | O_APPEND, 0640);
    ASSERT_TRUE(fd);
    ASSERT_TRUE(write_all(fd->get(), "2026-11-21T02:22:57.123456789Z o F " + text + "\n"));
  }

  // Blocks until it holds; what happens in the background has no other sign.
  static bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i) {
      if (holds()) return true;
      ::usleep(5'000);
    }
    return holds();
  }

  Outcome pushed_;  // what the last push printed

 private:
  Invocation invocation(FakeSession& session) {
    print_ = std::make_unique<Printer>(session, PrinterOptions{});
    return {session, *platform_, *print_, registry_, {}, "root", "push", {}, {}};
  }
  std::unique_ptr<Printer> print_;
};

}  // namespace dokku::cli
