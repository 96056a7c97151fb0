// A whole deploy engine over fakes: the real store and executor, no container, network or proxy.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/guarded.h"
#include "base/io.h"
#include "server/deploy/deploys.h"
#include "server/store/config.h"
#include "server/store/releases.h"
#include "server/supervise/local_executor.h"
#include "tests/fakes/fake_builder.h"
#include "tests/fakes/fake_containers.h"
#include "tests/fakes/fake_images.h"
#include "tests/fakes/fake_networks.h"
#include "tests/fakes/fake_route_control.h"

namespace dokku::server {

// What a person would have seen.
class FakeProgress final : public Progress {
 public:
  void step(std::string_view text) override { add("-----> ", text); }
  void title(std::string_view text) override { add("=====> ", text); }
  void detail(std::string_view text) override { add("       ", text); }
  void warn(std::string_view text) override { add(" !     ", text); }
  void line(std::string_view text) override { add("", text); }
  const CancelToken& cancel() const override { return cancel_; }
  void interrupt() { cancel_.cancel(); }
  std::string text() {
    std::lock_guard hold(mutex_);
    return text_;
  }
  bool says(const std::string& words) { return text().find(words) != std::string::npos; }

 private:
  void add(const char* marker, std::string_view text) {
    std::lock_guard hold(mutex_);
    text_ += marker + std::string(text) + "\n";
  }
  std::mutex mutex_;
  std::string text_;
  CancelToken cancel_ = *CancelToken::create();
};

class DeployFixture : public ::testing::Test {
 protected:
  DeployFixture() {
    char name[] = "/tmp/deploy-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    instance_.name = "t";
    instance_.state_dir = directory_ / "lib";
    instance_.run_dir = directory_ / "run";
    std::filesystem::create_directories(instance_.state_dir);
    store_ = *Store::open({.file = instance_.database(), .vfs = {}});
    listen({.reachable = true});
    boot();
    app_ = create("blog");
  }
  ~DeployFixture() override {
    halt();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void halt() {
    deploys_.reset();
    executor_.reset();
  }
  // A daemon's start, over what an earlier one left.
  void boot() {
    halt();
    HostSide host{{directory_ / "tools"}, instance_.logs_dir(), "/etc/resolv.conf", {}};
    executor_ = std::make_unique<LocalExecutor>(
        LocalExecutor::Parts{containers_, networks_, *clock_, host, directory_ / "streams",
                             [this](pid_t pid, std::uint16_t) {
                               return containers_.runs(pid) ? listening() : Listening{};
                             }});
    DeployParts parts{instance_, *store_, *clock_, *executor_, builder_, images_, proxy_, points_};
    parts.route_spec = [](const ReadTx&, const App& app) {
      if (app.own_port) return Result<RouteSpec>(RouteSpec{{}, app.own_port});
      return Result<RouteSpec>(RouteSpec{{app.name.str() + ".test"}, std::nullopt});
    };
    parts.urls = [](const App& app) {
      return Result<std::vector<std::string>>({"http://" + app.name.str() + ".test"});
    };
    parts.set_config = [this](const App& app, const ConfigValues& values, const std::string&) {
      return store_->write([&](WriteTx& tx) -> Result<std::uint64_t> {
        TRY(set_config(tx, app.id, values));
        return config_version(tx, app.id);
      });
    };
    parts.config_back = [](WriteTx& tx, const App& app, std::uint64_t version,
                           const std::string&) -> Result<> {
      const ConfigValues values = TRY(config_values_at(tx, app.id, version));
      TRY(replace_config(tx, app.id, values));
      return {};
    };
    parts.config_written = [](const App&) {};
    parts.disk_space = disk_space_;
    deploys_ = std::make_unique<Deploys>(parts);
    ASSERT_TRUE(deploys_->recover());
  }
  // A start that has cleaned up behind itself, for files and images made without a release: until
  // then they may go at any moment. The cleaning takes what was there at its start in one sweep.
  void boot_and_clean_up() {
    const auto stranger = instance_.sources_dir() / "stranger";
    halt();
    std::filesystem::create_directories(stranger);
    boot();
    ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(stranger); }));
  }
  // Synced: until a file system has placed a file, it may count no blocks for it.
  static void write_file(const std::filesystem::path& file, std::size_t bytes) {
    std::filesystem::create_directories(file.parent_path());
    ASSERT_TRUE(write_file_atomically(file, std::string(bytes, 'x')));
  }
  App create(const std::string& name) {
    return *store_->write(
        [&](WriteTx& tx) { return create_app(tx, *AppName::parse(name), clock_->wall()); });
  }
  App now(const std::string& name = "blog") {
    return *store_->read([&](ReadTx& tx) { return find_app(tx, name); });
  }

  // Pushes a tree that is this text.
  Result<> push(const std::string& tree, Progress& progress, bool wait = true) {
    auto pipe = make_pipe();
    EXPECT_TRUE(write_all(pipe->write.get(), tree));
    pipe->write.reset();
    PushedTree pushed{std::move(pipe->read), "0123456789abcdef0123456789abcdef01234567",
                      "refs/heads/main"};
    return deploys_->push(now(), std::move(pushed),
                          {.by = "alice", .why = "git-push", .wait = wait}, progress);
  }
  Result<> push(const std::string& tree) { return push(tree, progress_); }

  std::optional<Release> live() {
    return *store_->read([&](ReadTx& tx) { return live_release(tx, now().id); });
  }
  proxy::Group route() {
    const auto groups = proxy_.list();
    for (const auto& group : *groups) {
      if (group.key == "blog") return group;
    }
    return {};
  }
  // For another than an app: one that only the proxy knew would be dropped as a left-over, soon.
  Result<> take_name(const std::string& host) {
    return deploys_->routes().publish_own({.key = "other", .hosts = {host}});
  }
  // Blocks until it holds; what happens in the background has no other sign.
  static bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i) {
      if (holds()) return true;
      ::usleep(5'000);
    }
    return holds();
  }
  bool runs_only(std::uint64_t release) {
    return eventually([&] {
      const auto all = executor_->instances("blog");
      return !all.empty() && std::all_of(all.begin(), all.end(), [&](const InstanceSeen& one) {
        return one.release == release && one.state == InstanceSeen::State::ready;
      });
    });
  }

  std::filesystem::path directory_;
  Instance instance_;
  std::unique_ptr<Clock> clock_ = system_clock();
  std::unique_ptr<Store> store_;
  testing::FakeImages images_;
  testing::FakeContainers containers_{&images_};
  testing::FakeNetworks networks_;
  testing::FakeBuilder builder_{images_};
  proxy::FakeRouteControl proxy_;
  CrashPoints points_;
  // What every process does, looked at by the executor's thread.
  void listen(const Listening& how) {
    listening_.with([&](Listening& now) { now = how; });
  }
  Listening listening() {
    return listening_.with([](Listening& now) { return now; });
  }
  Guarded<Listening> listening_;
  // Counts from the next boot().
  std::function<Result<DiskSpace>(const std::filesystem::path&)> disk_space_ = dokku::disk_space;
  FakeProgress progress_;
  std::unique_ptr<LocalExecutor> executor_;
  std::unique_ptr<Deploys> deploys_;
  std::optional<App> app_;
};

}  // namespace dokku::server
