#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "fixture.h"
#include "server/deploy/build_record.h"

namespace dokku::cli {
namespace {

using ::testing::HasSubstr;

class BuildsCommands : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("apps:create", "blog");
  }
  // A build that printed this.
  void build(const std::string& line, Result<> end) {
    const auto app = store_->read([](server::ReadTx& tx) { return server::find_app(tx, "blog"); });
    ASSERT_TRUE(app);
    class Silent final : public server::Progress {
     public:
      void step(std::string_view) override {}
      void title(std::string_view) override {}
      void detail(std::string_view) override {}
      void warn(std::string_view) override {}
      void line(std::string_view) override {}
      const CancelToken& cancel() const override { return cancel_; }

     private:
      CancelToken cancel_ = *CancelToken::create();
    } person;
    server::BuildRecord record({instance_, *store_, *clock_}, app->id, "build", "git-push", person);
    record.step(line);
    static_cast<void>(record.end(std::move(end), 7));
  }
};

TEST_F(BuildsCommands, AreListedTheNewestFirst) {
  EXPECT_EQ(run("builds:list", "blog"),
            (Outcome{0, "", " !     No builds recorded for this app\n"}));
  EXPECT_EQ(run("builds:list", "blog", "--format", "json").out, "[]\n");
  build("one", {});
  build("two", fail(Errc::invalid_argument, "compile failed"));
  const std::string all = run("builds:list", "blog").out;
  EXPECT_THAT(all, HasSubstr("failed"));
  EXPECT_LT(all.find("compile failed"), all.find("succeeded"));
  const auto list = nlohmann::json::parse(run("builds:list", "blog", "--format", "json").out);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["id"], "2");
  EXPECT_EQ(list[1]["release"], "7");
}

TEST_F(BuildsCommands, OneHasItsFactsAndItsOutput) {
  build("one", {});
  build("two", fail(Errc::invalid_argument, "compile failed"));
  EXPECT_THAT(run("builds:info", "blog", "1").out, HasSubstr("=====> blog build information\n"));
  const auto newest = nlohmann::json::parse(run("builds:info", "blog", "--format", "json").out);
  EXPECT_EQ(newest["error"], "compile failed");
  EXPECT_EQ(run("builds:output", "blog", "1").out, "-----> one\n");
  EXPECT_EQ(run("builds:output", "blog", "current").out, "-----> two\n !     compile failed\n");
}

TEST_F(BuildsCommands, ARetentionSaysHowManyAreKept) {
  for (const char* text : {"one", "two", "three"}) build(text, {});
  must("builds:set", "--global", "retention", "2");
  EXPECT_EQ(run("builds:report", "blog", "--builds-computed-retention").out, "2\n");
  must("builds:set", "blog", "retention", "1");
  EXPECT_EQ(run("builds:set", "blog", "retention", "0").status, 1);
  must("builds:prune", "blog");
  EXPECT_EQ(run("builds:output", "blog", "3").out, "-----> three\n");
  EXPECT_EQ(run("builds:info", "blog", "2").status, 1);
  must("builds:set", "blog", "retention", "3");
  build("four", {});
  EXPECT_EQ(run("builds:output", "blog", "3").status, 0);
  EXPECT_EQ(run("builds:list", "--kind", "deploy", "blog").err,
            " !     No builds recorded for this app\n");
}

TEST_F(BuildsCommands, MistakesAreNamed) {
  EXPECT_EQ(run("builds:output", "blog").err, " !     No builds recorded for this app\n");
  build("one", {});
  EXPECT_EQ(run("builds:info", "blog", "9").err,
            " !     No build 9 of blog is kept\n !     See them: dokku builds:list blog\n");
  EXPECT_EQ(run("builds:output", "blog", "x").err, " !     x is no number of a build\n");
  EXPECT_EQ(run("builds:list", "nobody").status, 20);
  EXPECT_EQ(run("builds:cancel", "blog"), (Outcome{0, "-----> App not currently deploying\n", ""}));
  EXPECT_EQ(run("builds:list", "--kind", "x", "blog").err,
            " !     Invalid --kind: it is build or deploy\n");
  EXPECT_EQ(run("builds:cancel", "nobody").status, 20);
}

}  // namespace
}  // namespace dokku::cli
