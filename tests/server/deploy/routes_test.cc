#include "server/deploy/routes.h"

#include <gmock/gmock.h>

#include <atomic>

#include "deploy_fixture.h"

namespace dokku::server {
namespace {

using OneOffs = std::vector<Executor::OneOffSeen>;

// Whose one web process becomes ready between the first look at it and the second.
class BecomesReady : public Executor {
 public:
  MOCK_METHOD(Result<>, adopt, (const std::vector<ReleaseWanted>&), (override));
  MOCK_METHOD(void, end_strangers, (const std::string&), (override));
  MOCK_METHOD(Result<>, want, (const ReleaseWanted&), (override));
  MOCK_METHOD(void, forget, (const std::string&, std::uint64_t, std::function<void()>), (override));
  MOCK_METHOD(Result<>, erase, (const std::string&, Duration), (override));
  MOCK_METHOD(void, retry_now, (const std::string&), (override));
  MOCK_METHOD(Result<std::unique_ptr<OneOff>>, run, (const RunSpec&), (override));
  MOCK_METHOD(Result<std::unique_ptr<OneOff>>, enter, (const EnterSpec&), (override));
  MOCK_METHOD(Result<std::unique_ptr<OneOff>>, take_over, (const std::string&, const std::string&),
              (override));
  MOCK_METHOD(Result<std::string>, run_detached, (const RunSpec&), (override));
  MOCK_METHOD(Result<>, stop_one_off, (const std::string&, Duration), (override));
  MOCK_METHOD(Result<OneOffs>, one_offs, (const std::string&), (override));

  std::unique_ptr<runtime::Watch> watch(std::function<void(const InstanceSeen&)>) override {
    return nullptr;
  }
  std::vector<InstanceSeen> instances(const std::string&) override {
    InstanceSeen web{.app = "blog", .type = "web", .index = 1, .release = 1};
    web.address = "10.1.2.3";
    web.port = 5000;
    if (looks_++ > 0) web.state = InstanceSeen::State::ready;
    return {web};
  }
  int looks() const { return looks_; }

 private:
  std::atomic<int> looks_ = 0;
};

class RoutesTest : public DeployFixture {};

// What the proxy has of an earlier daemon stays until it is known better.
TEST_F(RoutesTest, NoMomentIsWithoutTargetsWhileProcessesAreFoundAgain) {
  ASSERT_TRUE(push("tree one"));
  halt();
  ASSERT_EQ(route().targets.size(), 1U);
  ::testing::NiceMock<BecomesReady> executor;
  {
    AppRoutes routes({*store_, executor, proxy_, instance_, [](const ReadTx&, const App&) {
                        return Result<RouteSpec>(RouteSpec{{"blog.test"}, std::nullopt});
                      }});
    routes.reconcile();
    EXPECT_TRUE(eventually([&] { return executor.looks() > 0; }));
  }
  EXPECT_EQ(route().targets.size(), 1U);
}

}  // namespace
}  // namespace dokku::server
