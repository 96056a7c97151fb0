#include <algorithm>

#include "deploy_fixture.h"

namespace dokku::server {
namespace {

const Actor kAlice{.by = "alice", .why = "test"};

class RollbackTest : public DeployFixture {
 protected:
  void set_color(const char* value) {
    ASSERT_TRUE(store_->write([&](WriteTx& tx) {
      return set_config(tx, app_->id, {{"COLOR", value}});
    }));
  }
  std::string color() {
    return store_->read([&](ReadTx& tx) { return config_value(tx, app_->id, "COLOR"); })->value();
  }
  Result<> roll_back(std::optional<std::uint64_t> number) {
    return deploys_->rollback(now(), number, kAlice, progress_);
  }
};

TEST_F(RollbackTest, MakesAnEarlierImageLiveAgain) {
  ASSERT_TRUE(push("tree one"));
  const auto image = live()->image_ref;
  ASSERT_TRUE(push("tree two"));
  ASSERT_TRUE(roll_back(1));
  EXPECT_EQ(live()->number, 3U);
  EXPECT_EQ(live()->image_ref, image);
}

TEST_F(RollbackTest, BringsBackTheConfigOfThenInTheSameStep) {
  set_color("blue");
  ASSERT_TRUE(push("tree one"));
  set_color("red");
  ASSERT_TRUE(push("tree two"));
  containers_.on_run([](const testing::FakeContainers::Started&) { return 1; });
  EXPECT_FALSE(roll_back(1));
  EXPECT_EQ(color(), "red");  // what failed changed nothing
  EXPECT_EQ(live()->number, 2U);
  containers_.on_run({});
  ASSERT_TRUE(roll_back(1));
  EXPECT_EQ(color(), "blue");
  EXPECT_TRUE(runs_only(4));
  const auto env = containers_.spec("blog.web.1.r4")->env;
  EXPECT_NE(std::find(env.begin(), env.end(), "COLOR=blue"), env.end());
}

TEST_F(RollbackTest, TakesConfigAndReleaseBackWhereItCannotBeRouted) {
  set_color("blue");
  ASSERT_TRUE(push("tree one"));
  set_color("red");
  ASSERT_TRUE(push("tree two"));
  ASSERT_TRUE(proxy_.remove("blog"));
  ASSERT_TRUE(take_name("blog.test"));
  EXPECT_FALSE(roll_back(1));
  EXPECT_EQ(color(), "red");
  EXPECT_EQ(live()->number, 2U);
}

TEST_F(RollbackTest, WithoutANumberGoesBackAndForth) {
  ASSERT_TRUE(push("tree one"));
  EXPECT_EQ(roll_back({}).error().code(), Errc::conflict);
  ASSERT_TRUE(push("tree two"));
  ASSERT_TRUE(deploys_->restart(now(), kAlice, progress_));  // no other image
  const auto image_of = [&](std::uint64_t number) {
    const std::vector<Release> all = *deploys_->releases(now());
    return std::find_if(all.begin(), all.end(),
                        [&](const Release& one) { return one.number == number; })
        ->image_ref;
  };
  ASSERT_TRUE(roll_back({}));
  EXPECT_EQ(live()->image_ref, image_of(1));
  ASSERT_TRUE(roll_back({}));
  EXPECT_EQ(live()->image_ref, image_of(2));
}

TEST_F(RollbackTest, AfterOneLooksAtValuesAndNotAtVersions) {
  set_color("blue");
  ASSERT_TRUE(push("tree one"));
  set_color("red");
  ASSERT_TRUE(deploys_->restart(now(), kAlice, progress_));
  ASSERT_TRUE(roll_back({}));
  ASSERT_TRUE(deploys_->restart(now(), kAlice, progress_));  // the same values as version 3
  ASSERT_TRUE(roll_back({}));
  EXPECT_EQ(color(), "red");
}

TEST_F(RollbackTest, ToWhatIsNotThereSaysWhatIs) {
  ASSERT_TRUE(push("tree one"));
  const auto refused = [&](std::uint64_t number) { return roll_back(number).error().message(); };
  EXPECT_EQ(refused(9), "No release 9 of blog is kept\nSee them: dokku releases:list blog");
  EXPECT_EQ(refused(1),
            "Release 1 of blog serves already\nStart its processes anew: dokku ps:restart blog");
}

}  // namespace
}  // namespace dokku::server
