// Renames and clones, with a real deploy engine over fakes.
#include <thread>

#include "base/io.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

namespace fs = std::filesystem;

class AppsRename : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("domains:set-global", "example.test");
    must("apps:create", "blog");
    must("domains:add", "blog", "own.example.com");
    must("config:set", "blog", "A=1");
    must("git:set", "blog", "deploy-branch", "trunk");
  }

  Result<> push(const std::string& app) {
    FakeSession session;
    auto pipe = make_pipe();
    EXPECT_TRUE(write_all(pipe->write.get(), "a tree"));
    pipe->write.reset();
    session.descriptors.push_back(std::move(pipe->read));
    const std::string id(40, 'a');
    const Outcome done =
        run_in(session, {"git-hook", app, std::string(40, '0'), id, "refs/heads/trunk"});
    if (done.status != 0) return fail(Errc::internal, done.err);
    return {};
  }
  std::optional<server::Release> live(const std::string& name) {
    return *store_->read([&](server::ReadTx& tx) -> Result<std::optional<server::Release>> {
      const server::App app = TRY(server::find_app(tx, name));
      return server::live_release(tx, app.id);
    });
  }
  std::vector<std::string> route_keys() {
    std::vector<std::string> keys;
    const auto groups = proxy_.list();
    for (const proxy::Group& group : *groups) keys.push_back(group.key);
    return keys;
  }
  proxy::Group route(const std::string& key) {
    const auto groups = proxy_.list();
    for (const proxy::Group& group : *groups) {
      if (group.key == key) return group;
    }
    return {};
  }
  std::string values(const std::string& app) { return run("config:export", app).out; }
};

TEST_F(AppsRename, NamesAreChecked) {
  const std::string before = dump();
  EXPECT_EQ(run("apps:rename", "nobody", "shop"),
            (Outcome{20, "", " !     App nobody does not exist\n"}));
  EXPECT_EQ(run("apps:rename", "blog"),
            (Outcome{1, "", " !     Please specify an new app name\n"}));
  EXPECT_EQ(run("apps:rename", "blog", "Shop").status, 1);
  EXPECT_EQ(run("apps:rename", "blog", "blog"), (Outcome{1, "", " !     Name is already taken\n"}));
  EXPECT_EQ(run("apps:clone", "blog", "blog"), (Outcome{1, "", " !     Name is already taken\n"}));
  EXPECT_EQ(run("apps:clone", "--ignore-existing", "blog", "blog"),
            (Outcome{0, "", " !     Name is already taken\n"}));
  EXPECT_EQ(dump(), before);
}

TEST_F(AppsRename, AnAppThatWasNeverDeployedTakesAllWithIt) {
  fs::create_directories(instance_.git_dir() / "blog.git");
  EXPECT_EQ(run("apps:rename", "blog", "shop"), (Outcome{0, "-----> Renaming blog to shop\n", ""}));
  EXPECT_EQ(run("apps:exists", "blog").status, 20);
  EXPECT_EQ(run("domains:report", "shop", "--domains-app-vhosts").out,
            "shop.example.test own.example.com\n");
  EXPECT_EQ(values("shop"), "export A='1'\n");
  EXPECT_EQ(run("git:report", "shop", "--git-deploy-branch").out, "trunk\n");
  EXPECT_TRUE(fs::exists(instance_.git_dir() / "shop.git"));
  EXPECT_FALSE(fs::exists(instance_.git_dir() / "blog.git"));
  EXPECT_TRUE(fs::exists(instance_.home_dir / "shop/VHOST"));
  EXPECT_FALSE(fs::exists(instance_.home_dir / "blog"));
  must("apps:create", "blog");  // its name is free again
}

TEST_F(AppsRename, WhatRunsIsServedOnUnderTheNewName) {
  ASSERT_TRUE(push("blog"));
  const auto before = live("blog");
  const Outcome renamed = run("apps:rename", "blog", "shop");
  EXPECT_EQ(renamed.status, 0) << renamed;
  EXPECT_EQ(route_keys(), std::vector<std::string>{"shop"});
  EXPECT_EQ(route("shop").hosts,
            (std::vector<std::string>{"own.example.com", "shop.example.test"}));
  EXPECT_EQ(route("shop").targets.size(), 1U);
  const auto after = live("shop");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->image_ref, "dokku/shop:r1");
  EXPECT_EQ(after->why, "apps:rename");
  EXPECT_TRUE(fs::exists(instance_.sources_dir() / after->source_file));
  EXPECT_EQ(after->source_file.substr(0, 5), "shop/");
  EXPECT_FALSE(fs::exists(instance_.sources_dir() / "blog"));
  EXPECT_EQ(images_.list("dokku/blog:")->size(), 0U);
  EXPECT_EQ(images_.list("dokku/shop:")->size(), 1U);
  EXPECT_EQ(containers_.size(), 1U);
  EXPECT_EQ(executor_->instances("blog").size(), 0U);
  EXPECT_EQ(executor_->instances("shop").size(), 1U);
  // No moment without routes: one table replaced the other.
  const auto calls = proxy_.calls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "remove blog"), 0);
  ASSERT_TRUE(push("shop"));
}

TEST_F(AppsRename, WhatDoesNotStartKeepsItsOldName) {
  ASSERT_TRUE(push("blog"));
  containers_.on_run([](const testing::FakeContainers::Started& started) {
    return started.id.starts_with("shop") ? std::optional<int>(1) : std::nullopt;
  });
  const Outcome renamed = run("apps:rename", "blog", "shop");
  EXPECT_EQ(renamed.status, 1) << renamed;
  EXPECT_EQ(run("apps:exists", "shop").status, 20);
  must("apps:exists", "blog");
  EXPECT_EQ(route("blog").targets.size(), 1U);
  EXPECT_EQ(images_.list("dokku/shop:")->size(), 0U);
}

TEST_F(AppsRename, SkipDeployStartsNothing) {
  ASSERT_TRUE(push("blog"));
  EXPECT_EQ(run("apps:rename", "--skip-deploy", "blog", "shop"),
            (Outcome{0, "-----> Renaming blog to shop\n",
                     " !     It does not run. Start it: dokku ps:start shop\n"}));
  EXPECT_EQ(containers_.size(), 0U);
  EXPECT_TRUE(route("shop").targets.empty());
  must("ps:start", "shop");
  EXPECT_EQ(route("shop").targets.size(), 1U);
}

TEST_F(AppsRename, ADaemonThatDiedAfterTheRowsMovesTheFiles) {
  ASSERT_TRUE(push("blog"));
  const auto renamed = store_->write([&](server::WriteTx& tx) -> Result<> {
    const server::App app = TRY(server::find_app(tx, std::string_view("blog")));
    TRY(server::rename_app(tx, app.id, *server::AppName::parse("shop")));
    TRY(server::move_releases(tx, app.id, {"dokku/blog:", "blog/"}, {"dokku/shop:", "shop/"}));
    return server::set_property(tx, app.id, "apps.renamed-from", "blog");
  });
  ASSERT_TRUE(renamed);
  ASSERT_TRUE(images_.tag(*runtime::ImageRef::parse("dokku/blog:r1"),
                          *runtime::ImageRef::parse("dokku/shop:r1")));
  restart_daemon();
  EXPECT_TRUE(fs::exists(instance_.sources_dir() / live("shop")->source_file));
  EXPECT_EQ(dump().find("renamed-from"), std::string::npos);
  must("ps:rebuild", "shop");
}

TEST_F(AppsRename, ACloneHasAllButItsOwnNames) {
  ASSERT_TRUE(push("blog"));
  must("ps:scale", "--skip-deploy", "blog", "web=2");
  const Outcome cloned = run("apps:clone", "blog", "twin");
  EXPECT_EQ(cloned.status, 0) << cloned;
  EXPECT_EQ(cloned.out.rfind("-----> Cloning blog to twin\n", 0), 0U);
  EXPECT_EQ(run("domains:report", "twin", "--domains-app-vhosts").out, "twin.example.test\n");
  EXPECT_EQ(values("twin"), values("blog"));
  EXPECT_EQ(run("git:report", "twin", "--git-deploy-branch").out, "trunk\n");
  EXPECT_EQ(route("twin").targets.size(), 2U);
  EXPECT_EQ(live("twin")->image_ref, "dokku/twin:r1");
  must("config:set", "twin", "A=2");
  EXPECT_EQ(values("blog"), "export A='1'\n");
  must("ps:rebuild", "twin");
  must("--force", "apps:destroy", "blog");
  EXPECT_EQ(route("twin").targets.size(), 2U);
}

TEST_F(AppsRename, ACloneWithoutDeployIsReadyToStart) {
  ASSERT_TRUE(push("blog"));
  must("apps:clone", "--skip-deploy", "blog", "twin");
  EXPECT_EQ(executor_->instances("twin").size(), 0U);
  must("ps:start", "twin");
  EXPECT_EQ(executor_->instances("twin").size(), 1U);
  must("apps:create", "empty");
  must("apps:clone", "empty", "empty2");
  EXPECT_FALSE(live("empty2"));
}

TEST_F(AppsRename, ARenameWaitsForADeploy) {
  builder_.close_gate();
  std::thread deploy([&] { EXPECT_TRUE(push("blog")); });
  ASSERT_TRUE(builder_.await_at_gate());
  std::thread rename([&] { EXPECT_EQ(run("apps:rename", "blog", "shop").status, 0); });
  builder_.open_gate();
  deploy.join();
  rename.join();
  EXPECT_EQ(route("shop").targets.size(), 1U);
}

}  // namespace
}  // namespace dokku::cli
