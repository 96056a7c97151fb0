#include "server/checks/check_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/checks/http_probe.h"
#include "tests/fakes/local_server.h"

namespace dokku::server {
namespace {

using testing::LocalServer;

using namespace std::chrono_literals;
using Kind = HealthCheck::Kind;

class CheckLoop : public ::testing::Test {
 protected:
  CheckTask task(const LocalServer& server, unsigned attempts = 3) {
    HealthCheck check;
    check.kind = Kind::path;
    check.attempts = attempts;
    check.wait = 0s;
    check.timeout = 1s;
    const HttpQuestion question{
        .address = "127.0.0.1", .port = server.port(), .path = "/", .host = "h"};
    return {check, "web.1", clock_->now(), [question] { return make_http_probe(question); }};
  }
  CheckWorld world() { return {*clock_, cancel_}; }

  std::unique_ptr<Clock> clock_ = system_clock();
  CancelToken cancel_ = *CancelToken::create();
};

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr const char* kNo = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";

TEST_F(CheckLoop, AttemptsAreCountedAndTheLastReasonKept) {
  LocalServer good(kOk), bad(kNo);
  std::vector<bool> ends;
  CheckWorld told = world();
  told.on_end = [&](const CheckTask&, const CheckOutcome& outcome) {
    ends.push_back(outcome.passed);
  };
  const auto outcomes = run_checks({task(bad), task(good)}, told);
  ASSERT_TRUE(outcomes) << outcomes.error().message();
  EXPECT_FALSE((*outcomes)[0].passed);
  EXPECT_EQ((*outcomes)[0].attempts, 3U);
  EXPECT_EQ((*outcomes)[0].reason, "expected status 200 to 299, got 503 with an empty body");
  EXPECT_EQ(bad.requests(), 3U);
  EXPECT_TRUE((*outcomes)[1].passed);
  EXPECT_EQ((*outcomes)[1].attempts, 1U);
  EXPECT_EQ(ends.size(), 2U);
}

TEST_F(CheckLoop, ALaterAttemptMayPass) {
  LocalServer server(kNo);
  CheckTask slow = task(server, 1000);
  unsigned begun = 0;
  slow.probe = [&, probe = slow.probe] {
    if (++begun == 4) server.answer_from_now(kOk);
    return probe();
  };
  const auto outcomes = run_checks({slow}, world());
  ASSERT_TRUE(outcomes);
  EXPECT_TRUE((*outcomes)[0].passed);
  EXPECT_GE((*outcomes)[0].attempts, 4U);
}

TEST_F(CheckLoop, SilenceEndsWithTheTimeLimit) {
  LocalServer silent("");
  const auto outcomes = run_checks({task(silent, 1)}, world());
  ASSERT_TRUE(outcomes);
  EXPECT_EQ((*outcomes)[0].reason, "no answer within 1 s");
}

TEST_F(CheckLoop, ManyAtOnceTakeAsLongAsOne) {
  LocalServer silent("");
  std::vector<CheckTask> tasks;
  for (int i = 0; i < 50; ++i) tasks.push_back(task(silent, 1));
  const TimePoint begin = clock_->now();
  ASSERT_TRUE(run_checks(tasks, world()));
  EXPECT_LT(clock_->now() - begin, 10s);
}

TEST_F(CheckLoop, UptimeIsCountedFromTheStart) {
  CheckTask old;
  old.check.uptime = 3600s;
  old.started = clock_->now() - 3601s;
  const auto outcomes = run_checks({old}, world());
  ASSERT_TRUE(outcomes);
  EXPECT_TRUE((*outcomes)[0].passed);
}

TEST_F(CheckLoop, EndsWhenCancelledOrInterrupted) {
  CheckTask late;
  late.check.uptime = 3600s;
  late.started = clock_->now();
  const UniqueFd event(::eventfd(1, EFD_CLOEXEC));
  CheckWorld interrupted = world();
  interrupted.interrupt_fd = event.get();
  interrupted.interrupted = [] { return Result<>(fail(Errc::unavailable, "it ended")); };
  const auto first = run_checks({late}, interrupted);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().message(), "it ended");
  cancel_.cancel();
  const auto second = run_checks({late}, world());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::cancelled);
}

TEST_F(CheckLoop, NothingToCheck) {
  const auto outcomes = run_checks({}, world());
  ASSERT_TRUE(outcomes);
  EXPECT_TRUE(outcomes->empty());
}

}  // namespace
}  // namespace dokku::server
