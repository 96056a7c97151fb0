#include "server/supervise/local_executor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "base/io.h"
#include "tests/fakes/fake_containers.h"
#include "tests/fakes/fake_networks.h"

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using State = InstanceSeen::State;

ReleaseWanted release(std::uint64_t number, unsigned web, unsigned workers = 0) {
  ReleaseWanted out{.app = "blog", .release = number, .image = *runtime::ImageRef::parse("blog")};
  out.env = {{"GREETING", "hello"}};
  out.processes.push_back(
      {.type = "web", .command = "node server.js", .count = web, .readiness = Readiness::listens});
  out.processes.push_back({.type = "worker", .command = "node worker.js", .count = workers});
  return out;
}

class LocalExecutorTest : public ::testing::Test {
 protected:
  LocalExecutorTest() {
    char name[] = "/tmp/executor-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    restart();
  }
  ~LocalExecutorTest() override {
    watch_.reset();
    executor_.reset();
    std::filesystem::remove_all(directory_);
  }

  // As a new daemon would: the old one is gone without a word.
  void restart() {
    watch_.reset();
    executor_.reset();
    HostSide host{{directory_ / "helpers"}, directory_ / "logs", "/etc/resolv.conf", {}};
    executor_ = std::make_unique<LocalExecutor>(
        LocalExecutor::Parts{containers_, networks_, *clock_, host, directory_ / "streams",
                             [this](pid_t pid, std::uint16_t port) {
                               probed_port_ = port;
                               return Listening{.reachable = containers_.runs(pid)};
                             }});
    watch_ = executor_->watch([this](const InstanceSeen& seen) {
      std::lock_guard hold(mutex_);
      seen_.push_back(seen);
      changed_.notify_all();
    });
  }
  void forget_seen() {
    std::lock_guard hold(mutex_);
    seen_.clear();
  }
  bool await(const std::string& container, State state) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, 5s, [&] {
      return std::any_of(seen_.begin(), seen_.end(), [&](const InstanceSeen& one) {
        return one.container == container && one.state == state;
      });
    });
  }

  std::filesystem::path directory_;
  std::atomic<std::uint16_t> probed_port_ = 0;
  std::unique_ptr<Clock> clock_ = system_clock();
  testing::FakeContainers containers_;
  testing::FakeNetworks networks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<InstanceSeen> seen_;
  std::unique_ptr<LocalExecutor> executor_;
  std::unique_ptr<runtime::Watch> watch_;
};

TEST_F(LocalExecutorTest, StartsWithConfigPortAndDyno) {
  ASSERT_TRUE(executor_->adopt({}));
  ASSERT_TRUE(executor_->want(release(1, 1)));
  ASSERT_TRUE(await("blog.web.1.r1", State::ready));
  const auto spec = containers_.spec("blog.web.1.r1");
  ASSERT_TRUE(spec);
  const std::vector<std::string> expected = {"/.dokku/init", "--", "/bin/bash", "/.dokku/start",
                                             "node server.js"};
  EXPECT_EQ(spec->args, expected);
  for (const char* wanted : {"GREETING=hello", "PORT=5000", "DYNO=web.1", "HOME=/app",
                             "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}) {
    EXPECT_NE(std::find(spec->env.begin(), spec->env.end(), wanted), spec->env.end()) << wanted;
  }
}

TEST_F(LocalExecutorTest, PortIsOfWebAlone) {
  ASSERT_TRUE(executor_->adopt({}));
  ASSERT_TRUE(executor_->want(release(1, 1, 1)));
  ASSERT_TRUE(await("blog.worker.1.r1", State::ready));
  const auto spec = containers_.spec("blog.worker.1.r1");
  ASSERT_TRUE(spec);
  for (const std::string& one : spec->env) {
    EXPECT_FALSE(one.starts_with("PORT=")) << one;
  }
}

TEST_F(LocalExecutorTest, AReleaseHasItsOwnPort) {
  ASSERT_TRUE(executor_->adopt({}));
  ReleaseWanted wanted = release(1, 1);
  wanted.port = 3000;
  ASSERT_TRUE(executor_->want(wanted));
  ASSERT_TRUE(await("blog.web.1.r1", State::ready));
  const auto spec = containers_.spec("blog.web.1.r1");
  ASSERT_TRUE(spec);
  EXPECT_NE(std::find(spec->env.begin(), spec->env.end(), "PORT=3000"), spec->env.end());
  EXPECT_EQ(executor_->instances("blog")[0].port, 3000);
  EXPECT_EQ(probed_port_.load(), 3000);
}

TEST_F(LocalExecutorTest, RestartsWhatEnds) {
  ASSERT_TRUE(executor_->adopt({}));
  ASSERT_TRUE(executor_->want(release(1, 1)));
  ASSERT_TRUE(await("blog.web.1.r1", State::ready));
  ASSERT_TRUE(containers_.end("blog.web.1.r1", 1));
  ASSERT_TRUE(await("blog.web.1.r1", State::waiting));
  forget_seen();
  EXPECT_TRUE(await("blog.web.1.r1", State::ready));
}

TEST_F(LocalExecutorTest, ForgetLeavesNothingAndSaysSo) {
  ASSERT_TRUE(executor_->adopt({}));
  ASSERT_TRUE(executor_->want(release(1, 2)));
  ASSERT_TRUE(await("blog.web.2.r1", State::ready));
  std::mutex mutex;
  std::condition_variable changed;
  bool gone = false;
  executor_->forget("blog", 1, [&] {
    std::lock_guard hold(mutex);
    gone = true;
    changed.notify_all();
  });
  std::unique_lock hold(mutex);
  EXPECT_TRUE(changed.wait_for(hold, 5s, [&] { return gone; }));
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_EQ(networks_.size(), 0U);
}

TEST_F(LocalExecutorTest, AnotherDaemonAdoptsTheSameProcesses) {
  ASSERT_TRUE(executor_->adopt({}));
  ASSERT_TRUE(executor_->want(release(1, 1)));
  ASSERT_TRUE(await("blog.web.1.r1", State::ready));
  const pid_t before = executor_->instances("blog").at(0).pid;
  restart();
  ASSERT_TRUE(executor_->adopt({release(1, 1)}));
  EXPECT_EQ(executor_->instances("blog").at(0).pid, before);
  EXPECT_EQ(executor_->instances("blog").at(0).restarts, 0U);
}

TEST_F(LocalExecutorTest, AdoptionRemovesWhatNobodyWants) {
  ASSERT_TRUE(executor_->adopt({}));
  ASSERT_TRUE(executor_->want(release(1, 1)));
  ASSERT_TRUE(await("blog.web.1.r1", State::ready));
  ASSERT_TRUE(executor_->want(release(2, 1)));
  ASSERT_TRUE(await("blog.web.1.r2", State::ready));
  runtime::ContainerSpec build{.id = *runtime::ContainerId::parse("build.blog.b7"),
                               .image = *runtime::ImageRef::parse("stack")};
  ASSERT_TRUE(containers_.create(build));
  ASSERT_TRUE(networks_.attach(build.id));
  runtime::ContainerSpec run{.id = one_off_container("blog", "run.1"), .image = build.image};
  run.labels = {{kLabelApp, "blog"}, {kLabelOneOff, "run.1"}};
  ASSERT_TRUE(containers_.create(run));
  ASSERT_TRUE(containers_.start(run.id, {}));
  restart();
  ASSERT_TRUE(executor_->adopt({release(2, 1)}));
  executor_->end_strangers("blog");
  for (int i = 0; i < 500 && (containers_.size() > 1 || networks_.size() > 1); ++i)
    ::usleep(10'000);
  EXPECT_EQ(containers_.size(), 1U);
  EXPECT_EQ(networks_.size(), 1U);
  EXPECT_TRUE(containers_.spec("blog.web.1.r2"));
}

TEST_F(LocalExecutorTest, AOneOffTellsItsStatusAndLeavesNothing) {
  ASSERT_TRUE(executor_->adopt({}));
  containers_.on_run([](const testing::FakeContainers::Started&) { return 3; });
  RunSpec spec{.app = "blog", .name = "run.1", .image = *runtime::ImageRef::parse("blog")};
  spec.command = {"exit 3"};
  {
    auto run = executor_->run(spec);
    ASSERT_TRUE(run) << run.error().message();
    const auto exit = (*run)->wait(5s);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status, 3);
  }
  const auto is_left = [&] { return containers_.size() + networks_.size() > 0; };
  for (int i = 0; i < 500 && is_left(); ++i) ::usleep(10'000);
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_EQ(networks_.size(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "streams"));
}

TEST_F(LocalExecutorTest, EraseKillsAllOfAnApp) {
  ASSERT_TRUE(executor_->adopt({}));
  containers_.ignore_sigterm("blog");
  ASSERT_TRUE(executor_->want(release(1, 2)));
  ASSERT_TRUE(await("blog.web.2.r1", State::ready));
  ASSERT_TRUE(executor_->erase("blog", 5s));
  EXPECT_EQ(containers_.size(), 0U);
}

TEST_F(LocalExecutorTest, ARuntimeThatFailsOnceIsTriedAgain) {
  ASSERT_TRUE(executor_->adopt({}));
  containers_.fail_next("start", Error(Errc::unavailable, "away"));
  ASSERT_TRUE(executor_->want(release(1, 1)));
  EXPECT_TRUE(await("blog.web.1.r1", State::ready));
}

}  // namespace
}  // namespace dokku::server
