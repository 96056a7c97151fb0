// A store in a temporary folder.
//
// For tests of server/store.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <type_traits>

#include "server/store/apps.h"
#include "server/store/releases.h"
#include "server/store/store.h"

namespace dokku::server {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "store.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    open();
  }
  void TearDown() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  void open() {
    Result<std::unique_ptr<Store>> store = Store::open({folder_ / "dokku.db", vfs_});
    ASSERT_TRUE(store) << store.error().message();
    store_ = *std::move(store);
  }
  AppId create(const std::string& name) {
    const Result<App> app = store_->write([&](WriteTx& tx) -> Result<App> {
      const AppName parsed = TRY(AppName::parse(name));
      return create_app(tx, parsed, WallTime(std::chrono::seconds(1)));
    });
    EXPECT_TRUE(app) << app.error().message();
    return app ? app->id : AppId::global;
  }

  std::filesystem::path folder_;
  std::string vfs_;
  std::unique_ptr<Store> store_;
};

// The same with an app in it, and calls that must succeed.
class Rows : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    app_ = create("blog");
  }
  template <class F>
  auto write(F f) {
    auto result = store_->write(f);
    EXPECT_TRUE(result) << result.error().message();
    if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return *result;
  }
  template <class F>
  auto read(F f) {
    auto result = store_->read(f);
    EXPECT_TRUE(result) << result.error().message();
    return *result;
  }
  std::uint64_t add(const Release& release) {
    return write([&](WriteTx& tx) { return add_release(tx, app_, release); });
  }
  Result<> become(std::uint64_t number, ReleaseState state) {
    return store_->write([&](WriteTx& tx) { return set_release_state(tx, app_, number, state); });
  }
  AppId app_{};
};

}  // namespace dokku::server
