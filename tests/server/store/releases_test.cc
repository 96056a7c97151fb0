#include "server/store/releases.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, ReleasesComeBackWhole) {
  Release release;
  release.config = {3, 4};
  release.source_file = "blog.1.tar.zst";
  release.revision = "abc";
  release.git_ref = "refs/heads/main";
  release.by = "alice";
  release.why = "git-push";
  release.port = 3000;
  release.created_at = WallTime(std::chrono::seconds(5));
  release.number = add(release);
  EXPECT_EQ(release.number, 1U);
  Release built = release;
  built.state = ReleaseState::built;
  built.image_ref = "dokku/blog:r1";
  built.image_digest = "sha256:1";
  built.processes = {{"web", "node ."}, {"worker", "true"}};
  built.config_defaults = {{"NODE_ENV", "production"}};
  built.files = {{"app.json", std::string("{\0}", 3)}};
  built.has_procfile = true;
  built.pack = "Node.js";
  built.build_inputs = "f";
  write([&](WriteTx& tx) { return complete_build(tx, app_, built); });
  EXPECT_TRUE(read([&](ReadTx& tx) { return find_release(tx, app_, 1); }) == built);
  EXPECT_FALSE(store_->write([&](WriteTx& tx) { return complete_build(tx, app_, built); }));
}

TEST_F(Rows, OneReleaseIsLive) {
  for (int i = 1; i <= 2; ++i) {
    Release release;
    release.state = ReleaseState::built;
    const std::uint64_t number = add(release);
    EXPECT_EQ(become(number, ReleaseState::live).error().code(), Errc::conflict);
    EXPECT_TRUE(become(number, ReleaseState::starting));
    EXPECT_TRUE(become(number, ReleaseState::live));
  }
  const auto live = read([&](ReadTx& tx) { return live_release(tx, app_); });
  EXPECT_EQ(live->number, 2U);
  const auto all = read([&](ReadTx& tx) { return list_releases(tx, app_); });
  EXPECT_EQ(all.at(1).state, ReleaseState::retired);
  const auto found = read([&](ReadTx& tx) {
    return releases_in(tx, {ReleaseState::live, ReleaseState::failed});
  });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].app, app_);
}

TEST_F(Rows, ReleaseNumbersAreNeverUsedTwice) {
  add({});
  const std::uint64_t second = add({});
  write([&](WriteTx& tx) { return delete_release(tx, app_, second); });
  EXPECT_EQ(add({}), second + 1);
}

}  // namespace
}  // namespace dokku::server
