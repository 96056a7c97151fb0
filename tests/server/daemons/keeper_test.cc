#include "server/daemons/keeper.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/io.h"
#include "base/process.h"
#include "server/daemons/port_ask.h"
#include "server/daemons/running.h"

namespace dokku::server {
namespace {

using namespace std::chrono_literals;

// A port of the kernel's choice that answers as long as this lives.
class OpenPort {
 public:
  OpenPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 100), 0);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number = ntohs(address.sin_port);
  }
  std::uint16_t number = 0;

 private:
  UniqueFd socket_;
};

template <class F>
bool soon(F&& holds) {
  for (const TimePoint limit = std::chrono::steady_clock::now() + 10s;
       std::chrono::steady_clock::now() < limit; std::this_thread::yield()) {
    if (holds()) return true;
  }
  return false;
}

// A keeper in a thread, with daemons that are shell scripts.
class KeeperTest : public testing::Test {
 protected:
  ~KeeperTest() override {
    if (thread_.joinable()) end();
    std::filesystem::remove_all(folder_);
  }

  DaemonPlan plan(const std::string& name, const std::string& script) {
    DaemonPlan plan;
    plan.name = name;
    plan.program = "/bin/sh";
    plan.arguments = {"sh", "-c", script};
    plan.log_file = folder_ / (name + ".log");
    plan.pid_file = folder_ / (name + ".pid");
    plan.port = port_.number;
    return plan;
  }

  void begin(std::vector<DaemonPlan> plans) {
    std::filesystem::create_directories(folder_);
    KeeperOptions options;
    options.plans = std::move(plans);
    options.limits = limits_;
    options.client = client_;
    options.on_turn = [this] { ++turns_; };
    options.on_replace = [this] { ++replaced_; };
    options.on_first = [this](const std::string& trouble) { first_.set_value(trouble); };
    auto keeper = Keeper::create(std::move(options), *clock_);
    ASSERT_TRUE(keeper) << keeper.error().message();
    keeper_ = std::move(*keeper);
    thread_ = std::thread([this] { ran_ = keeper_->run(); });
  }

  std::string first() {
    std::future<std::string> said = first_.get_future();
    return said.wait_for(20s) == std::future_status::ready ? said.get() : "nothing was said";
  }

  void end() {
    ::kill(::getpid(), SIGTERM);
    thread_.join();
  }

  pid_t pid_of(const std::string& name) {
    const Result<Running> running = Running::noted_in(folder_ / (name + ".pid"));
    return running ? running->pid() : 0;
  }
  std::string log_of(const std::string& name) {
    return read_file(folder_ / (name + ".log")).value_or("");
  }

  const std::string waits_ = "exec tail -f /dev/null";
  Keeping::Limits limits_{.ready = 60s, .silence = 30s, .grace = 1s, .pause = 10s};
  std::filesystem::path client_ = "/bin/true";
  OpenPort port_;
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("keeper-" + std::to_string(::getpid()));
  std::unique_ptr<Clock> clock_ = system_clock();
  std::promise<std::string> first_;
  std::atomic<int> turns_ = 0;
  std::atomic<int> replaced_ = 0;
  std::unique_ptr<Keeper> keeper_;
  Result<> ran_;
  std::thread thread_;
};

TEST_F(KeeperTest, StartsThemAndEndsThem) {
  begin({plan("proxy", waits_), plan("dokkud", "echo hello; " + waits_)});
  EXPECT_EQ(first(), "");
  EXPECT_NE(pid_of("proxy"), 0);
  EXPECT_NE(pid_of("dokkud"), 0);
  EXPECT_TRUE(soon([&] { return log_of("dokkud") == "hello\n"; }));
  end();
  EXPECT_TRUE(ran_);
  EXPECT_EQ(pid_of("proxy"), 0);
  EXPECT_EQ(pid_of("dokkud"), 0);
}

TEST_F(KeeperTest, OneThatWasKilledIsStartedAgain) {
  begin({plan("dokkud", waits_)});
  EXPECT_EQ(first(), "");
  const pid_t before = pid_of("dokkud");
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_TRUE(soon([&] { return pid_of("dokkud") != 0 && pid_of("dokkud") != before; }));
}

TEST_F(KeeperTest, OneThatCannotStartIsNamedAndBlocksNobody) {
  DaemonPlan missing = plan("proxy", "");
  missing.program = "/no/such/program";
  begin({missing, plan("dokkud", waits_)});
  EXPECT_EQ(first(), "proxy ");
  EXPECT_NE(pid_of("dokkud"), 0);
}

TEST_F(KeeperTest, OneThatIgnoresItsEndIsKilled) {
  begin({plan("dokkud", "trap '' TERM; echo deaf; while :; do read x </dev/null; done")});
  EXPECT_EQ(first(), "");
  ASSERT_TRUE(soon([&] { return log_of("dokkud") == "deaf\n"; }));
  end();
  EXPECT_EQ(pid_of("dokkud"), 0);
}

TEST_F(KeeperTest, OneThatAnswersNoCommandAnyMoreIsStartedAgain) {
  limits_.silence = 300ms;
  limits_.pause = 10ms;
  std::filesystem::create_directories(folder_);
  client_ = folder_ / "client";
  std::filesystem::create_symlink("/bin/true", client_);
  DaemonPlan asked = plan("dokkud", waits_);
  asked.ready = DaemonPlan::Ready::answers;
  begin({asked});
  EXPECT_EQ(first(), "");
  const pid_t before = pid_of("dokkud");
  std::filesystem::create_symlink("/bin/false", folder_ / "silent");
  std::filesystem::rename(folder_ / "silent", client_);
  EXPECT_TRUE(soon([&] { return pid_of("dokkud") != 0 && pid_of("dokkud") != before; }));
}

TEST_F(KeeperTest, WhatRunsAlreadyIsAdopted) {
  Process runs = *Process::start({.program = "tail", .arguments = {"tail", "-f", "/dev/null"}});
  const DaemonPlan wanted = plan("dokkud", "echo started twice; " + waits_);
  std::filesystem::create_directories(folder_);
  ASSERT_TRUE(Running::of(runs.pid())->note_in(wanted.pid_file));
  begin({wanted});
  EXPECT_EQ(first(), "");
  EXPECT_EQ(pid_of("dokkud"), runs.pid());
  end();
  EXPECT_EQ(log_of("dokkud"), "");
  runs.let_go();  // the keeper has reaped it
}

TEST_F(KeeperTest, ItsSuccessorIsFoundByTheFile) {
  Process successor =
      *Process::start({.program = "tail", .arguments = {"tail", "-f", "/dev/null"}});
  const pid_t pid = successor.pid();
  const Result<Running> minded = Running::of(pid);
  successor.let_go();
  begin({plan("proxy", waits_)});
  EXPECT_EQ(first(), "");
  const pid_t before = pid_of("proxy");
  ASSERT_TRUE(Running::of(pid)->note_in(folder_ / "proxy.pid"));
  ASSERT_EQ(::kill(before, SIGTERM), 0);
  const Result<Running> old = Running::of(before);
  EXPECT_TRUE(soon([&] { return !old || old->has_ended(); }));
  end();  // ends the successor, which it minds now
  EXPECT_TRUE(minded->has_ended());
  ::waitpid(pid, nullptr, WNOHANG);  // the keeper may have left that to us
}

TEST_F(KeeperTest, AnotherProgramMayTakeItsPlaceAndOthersHaveATurn) {
  begin({plan("dokkud", waits_)});
  EXPECT_EQ(first(), "");
  EXPECT_TRUE(soon([&] { return turns_ > 0; }));
  ::kill(::getpid(), SIGUSR2);
  EXPECT_TRUE(soon([&] { return replaced_ == 1; }));
  EXPECT_NE(pid_of("dokkud"), 0);
}

TEST(PortAsk, HearsWhetherItIsHttp) {
  const OpenPort silent;  // accepts, and never answers
  EXPECT_FALSE(port_serves_http(silent.number));
}

TEST(PortAsk, SeesWhetherAnybodyListens) {
  std::uint16_t number = 0;
  {
    const OpenPort port;
    number = port.number;
    EXPECT_TRUE(port_answers(number));
  }
  EXPECT_FALSE(port_answers(number));
}

}  // namespace
}  // namespace dokku::server
