// A whole platform over fakes in a temporary folder. What the state topics ask of processes
// (FakeLifecycle) is only written down; ps, run and the like reach a real deploy engine.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cli/commands/registry.h"
#include "server/certificates/tar_pair.h"
#include "server/platform/platform.h"
#include "server/store/releases.h"
#include "server/supervise/local_executor.h"
#include "tests/fakes/fake_builder.h"
#include "tests/fakes/fake_containers.h"
#include "tests/fakes/fake_images.h"
#include "tests/fakes/fake_networks.h"
#include "tests/fakes/fake_route_control.h"
#include "tests/fakes/fake_session.h"
#include "tests/host_view/fake_host.h"

namespace dokku::cli {

class FakeLifecycle : public server::Lifecycle {
 public:
  Guarded<std::vector<std::string>> calls;
  Result<> next;  // what restart answers

  Result<> restart(const server::AppName& app, std::string_view why, std::string_view who,
                   server::Progress& progress) override {
    note("restart " + app.str() + " " + std::string(why) + " " + std::string(who));
    progress.step("Deploying");
    return next;
  }
  Result<> routes_changed(const server::AppName& app, server::Progress&) override {
    note("routes " + app.str());
    return {};
  }
  Result<> tear_down(const server::AppName& app, server::Progress&) override {
    note("tear down " + app.str());
    return {};
  }
  std::vector<std::string> taken() {
    return calls.with([](auto& all) { return std::move(all); });
  }

 private:
  void note(std::string call) {
    calls.with([&](auto& all) { all.push_back(std::move(call)); });
  }
};

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

// Compared as one, so that a failure shows all three.
inline bool operator==(const Outcome& a, const Outcome& b) {
  return a.status == b.status && a.out == b.out && a.err == b.err;
}
inline std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
  return to << "status " << outcome.status << "\nout:\n" << outcome.out << "err:\n" << outcome.err;
}

class CommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "commands.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::filesystem::create_directories(folder_ / "home");
    std::filesystem::create_directories(folder_ / "lib");
    Result<server::Instance> instance =
        server::Instance::parse(R"({"name":"test","root":")" + folder_.string() + R"("})");
    ASSERT_TRUE(instance) << instance.error().message();
    instance_ = *instance;
    Result<std::unique_ptr<server::Store>> store = server::Store::open({instance_.database(), ""});
    ASSERT_TRUE(store) << store.error().message();
    store_ = *std::move(store);
    std::filesystem::create_directories(folder_ / "run");
    restart_daemon();
    add_all_commands(registry_);
  }

  void TearDown() override {
    platform_.reset();
    deploys_.reset();
    executor_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Outcome run_in(FakeSession& session, const std::vector<std::string>& words) {
    const int status = run_command(registry_, session, *platform_, words);
    return {status, session.printed(), session.complained()};
  }

  // As root, with an empty standard input.
  template <class... Words>
  Outcome run(Words... words) {
    FakeSession session;
    return run_in(session, {std::string(words)...});
  }

  template <class... Words>
  void must(Words... words) {
    const Outcome outcome = run(words...);
    EXPECT_EQ(outcome.status, 0) << outcome;
  }

  // An app with a live release.
  void deploy(const std::string& name) {
    const Result<> done = store_->write([&](server::WriteTx& tx) -> Result<> {
      const server::App app = TRY(server::find_app(tx, name));
      server::Release release;
      release.state = server::ReleaseState::starting;
      release.revision = "0123456789abcdef";
      release.git_ref = "refs/heads/main";
      const std::uint64_t number = TRY(server::add_release(tx, app.id, release));
      return server::set_release_state(tx, app.id, number, server::ReleaseState::live);
    });
    ASSERT_TRUE(done) << done.error().message();
  }

  void restart_daemon() {
    platform_.reset();
    deploys_.reset();
    executor_.reset();
    server::HostSide host{{folder_ / "tools"}, instance_.logs_dir(), "/etc/resolv.conf", {}};
    host.storage_dir = instance_.storage_dir();
    executor_ = std::make_unique<server::LocalExecutor>(server::LocalExecutor::Parts{
        containers_, networks_, *clock_, host, folder_ / "run/streams",
        [this](pid_t pid, std::uint16_t) {
          return server::Listening{.reachable = containers_.runs(pid)};
        }});
    server::DeployParts parts{instance_, *store_, *clock_, *executor_,
                              builder_,  images_, proxy_,  points_};
    parts.route_spec = server::route_spec;
    parts.urls = [this](const server::App& app) { return platform_->domains.urls(app); };
    parts.set_config = [this](const server::App& app, const server::ConfigValues& values,
                              const std::string& by) {
      return platform_->config.set_for_deploy(app, values, by);
    };
    parts.config_back = [this](server::WriteTx& tx, const server::App& app, std::uint64_t version,
                               const std::string& by) {
      return platform_->config.bring_back(tx, app, version, by);
    };
    parts.config_written = [this](const server::App& app) { platform_->config.written(app); };
    deploys_ = std::make_unique<server::Deploys>(parts);
    ASSERT_TRUE(deploys_->recover());
    platform_ = std::make_unique<server::Platform>(server::PlatformParts{
        instance_, *store_, *clock_, lifecycle_, deploys_.get(), executor_.get(), strangers(),
        &host_, &containers_, &networks_});
  }

  // As the worker would answer.
  server::Strangers strangers() {
    server::Strangers strangers;
    strangers.key_pair_of_tar = [](const std::string& tar) {
      return server::key_pair_from_tar(tar);
    };
    strangers.host_key = [this](const std::string& host, std::uint16_t) -> Result<std::string> {
      const auto found = host_keys_.find(host);
      if (found != host_keys_.end()) return found->second;
      return fail(Errc::unavailable, "No ssh server answers at " + host);
    };
    return strangers;
  }

  // Without the audit log, which grows by failures too.
  std::string dump() {
    const std::string all = store_->dump().value_or("?");
    const std::size_t from = all.find("[events]");
    const std::size_t to = all.find("\n[", from);
    return from == std::string::npos ? all
                                     : all.substr(0, from) + all.substr(std::min(to, all.size()));
  }

  std::filesystem::path folder_;
  server::Instance instance_;
  std::unique_ptr<Clock> clock_ = system_clock();
  FakeLifecycle lifecycle_;
  std::map<std::string, std::string> host_keys_;  // what ssh servers show, by name
  std::unique_ptr<server::Store> store_;
  testing::FakeImages images_;
  testing::FakeContainers containers_{&images_};
  testing::FakeNetworks networks_;
  testing::FakeBuilder builder_{images_};
  proxy::FakeRouteControl proxy_;
  testing::FakeHost host_;
  server::CrashPoints points_;
  std::unique_ptr<server::LocalExecutor> executor_;
  std::unique_ptr<server::Deploys> deploys_;
  std::unique_ptr<server::Platform> platform_;
  Registry registry_;
};

}  // namespace dokku::cli
