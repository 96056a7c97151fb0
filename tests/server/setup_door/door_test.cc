#include "server/setup_door/door.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <optional>

#include "server/setup_page/page_server.h"
#include "server/store/keys.h"
#include "server/store/setup_link.h"

namespace dokku::server {
namespace {

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLduazEt1BG9uzt9d1eeM/OWhjpL7nTc0ClrefZyLYl";

// What the proxy was told last.
class Told {
 public:
  void set(std::optional<proxy::Group> group) {
    const std::lock_guard hold(mutex_);
    group_ = std::move(group);
    changed_.notify_all();
  }
  std::optional<proxy::Group> group() {
    const std::lock_guard hold(mutex_);
    return group_;
  }
  template <class F>
  bool wait_for(F&& wanted) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, std::chrono::seconds(20), [&] { return wanted(group_); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<proxy::Group> group_;
};

class SetupDoorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "door.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto store = Store::open({folder_ / "dokku.db", ""});
    ASSERT_TRUE(store) << store.error().message();
    store_ = *std::move(store);
    door_ = std::make_unique<Door>(
        Door::Parts{*store_, *clock_, 80,
                    [this](const proxy::Group& group) {
                      told_.set(group);
                      return Result<>();
                    },
                    [this](const std::string&) {
                      told_.set(std::nullopt);
                      return Result<>();
                    },
                    [](const SetupQuestion&) { return SetupReply{.kind = SetupReply::Kind::form}; },
                    [this](int listener, int channel) -> Result<> {
                      if (broken_-- > 0) return fail(Errc::internal, "the worker died");
                      TRY(show_setup_page(listener, channel));
                      return {};
                    }});
  }
  void TearDown() override {
    door_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void add_key() {
    const StoredKey key{*KeyName::parse("admin"), *PublicKey::parse(kKey), clock_->wall()};
    ASSERT_TRUE(store_->write([&](WriteTx& tx) { return server::add_key(tx, key); }));
  }
  void set_link(std::optional<Duration> life, const std::string& digest = "digest") {
    std::optional<SetupLink> link;
    if (life) {
      link = {digest, clock_->wall() + std::chrono::duration_cast<WallTime::duration>(*life)};
    }
    ASSERT_TRUE(store_->write([&](WriteTx& tx) { return set_setup_link(tx, link); }));
  }
  void follow() {
    const Result<> followed = door_->follow();
    ASSERT_TRUE(followed) << followed.error().message();
  }
  static bool is_notice(const std::optional<proxy::Group>& group) {
    return group && group->settings.maintenance && group->targets.empty();
  }

  std::filesystem::path folder_;
  std::unique_ptr<Clock> clock_ = system_clock();
  std::unique_ptr<Store> store_;
  Told told_;
  std::atomic<int> broken_{0};
  std::unique_ptr<Door> door_;
};

TEST_F(SetupDoorTest, WhereNobodyMayPushTheProxySaysSo) {
  follow();
  const auto group = told_.group();
  ASSERT_TRUE(is_notice(group));
  EXPECT_EQ(group->hosts, std::vector<std::string>{"*"});
  EXPECT_NE(group->settings.maintenance_page.find("dokku setup --browser"), std::string::npos);
  add_key();
  follow();
  EXPECT_FALSE(told_.group());
}

TEST_F(SetupDoorTest, AnOpenLinkIsShownAndNeverLogged) {
  add_key();
  set_link(std::chrono::minutes(5));
  follow();
  const auto group = told_.group();
  ASSERT_TRUE(group);
  EXPECT_FALSE(group->settings.maintenance);
  EXPECT_EQ(group->settings.access_log, proxy::Settings::AccessLog::off);
  EXPECT_FALSE(group->settings.error_log);
  ASSERT_EQ(group->targets.size(), 1U);
  EXPECT_EQ(group->targets[0].address, "127.0.0.1");
  follow();
  EXPECT_EQ(told_.group(), group);
  set_link(std::chrono::minutes(6), "another");
  follow();
  ASSERT_EQ(told_.group()->targets.size(), 1U);
  EXPECT_NE(told_.group()->targets, group->targets);  // it has not seen what was guessed before
  set_link(std::nullopt);
  follow();
  EXPECT_FALSE(told_.group());
}

TEST_F(SetupDoorTest, TheEndOfALinkNeedsNobody) {
  set_link(std::chrono::seconds(1));
  follow();
  ASSERT_EQ(told_.group()->targets.size(), 1U);
  EXPECT_TRUE(told_.wait_for(is_notice));
}

TEST_F(SetupDoorTest, AWorkerThatDiesIsReplaced) {
  broken_ = 1;
  set_link(std::chrono::minutes(5));
  follow();
  const auto first = told_.group();
  ASSERT_EQ(first->targets.size(), 1U);
  EXPECT_TRUE(
      told_.wait_for([&](const auto& now) { return now && now->targets != first->targets; }));
}

TEST_F(SetupDoorTest, ALinkOfAFutureThatNoLinkReachesIsNone) {
  set_link(kSetupLinkLife + std::chrono::minutes(1));  // the clock was set back
  follow();
  EXPECT_TRUE(is_notice(told_.group()));
}

}  // namespace
}  // namespace dokku::server
