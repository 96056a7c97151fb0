// What builds leave behind and where they end: caches, limits, failures (docs/buildpacks.md).
#include <gmock/gmock.h>

#include "executor_world.h"

namespace dokku::buildstep {
namespace {

// --- 7: cache

TEST_F(Executor, CacheIsKeptAfterSuccessAndRestoredAfterFailure) {
  pack("compile",
       "cat $2/n 2>/dev/null || echo none; mkdir -p $2/d; echo 1 > $2/n; echo 1 > $2/d/x");
  EXPECT_THAT(good_build(), HasSubstr("       none\n"));
  pack("compile", "cat $2/n; echo 2 > $2/n; rm $2/d/x; exit 1");
  bad_build();
  pack("compile", "cat $2/n $2/d/x; rm -r $2/d; mkdir $2/d; echo 3 > $2/d/y; echo 3 > $2/n");
  EXPECT_THAT(good_build(), HasSubstr("       1\n       1\n"));
  pack("compile", "cat $2/n; ls $2/d");
  EXPECT_THAT(good_build(), HasSubstr("       3\n       y\n"));
}

TEST_F(Executor, CacheWithReadOnlyTreesIsReplaced) {
  pack("compile",
       "mkdir -p $2/mod/a && echo 1 > $2/mod/a/f && chmod 0444 $2/mod/a/f && chmod 0555 $2/mod/a "
       "$2/mod");
  good_build();
  pack("compile", "cat $2/mod/a/f; chmod -R u+w $2/mod; rm -r $2/mod; echo gone > $2/mod");
  EXPECT_THAT(good_build(), HasSubstr("       1\n"));
  pack("compile", "cat $2/mod");
  EXPECT_THAT(good_build(), HasSubstr("       gone\n"));
}

// --- 9.7 and limits

TEST_F(Executor, ABackgroundProcessDoesNotHoldTheBuild) {
  pack("compile", "sleep 300 & echo started");
  EXPECT_THAT(good_build(), HasSubstr("       started\n"));
}

TEST_F(Executor, ClosedOutputIsNoEnd) {
  pack("compile", "exec >&- 2>&-; sleep 0.2; touch $1/made");
  app("Procfile", "web: x\n");
  EXPECT_TRUE(build().has_value());
}

TEST_F(Executor, FailureShowsItsLastLineAndStatus) {
  pack("compile", "printf 'npm ERR! the end'; exit 7");
  EXPECT_EQ(bad_build(), "bin/compile of Test failed: exit status 7");
  EXPECT_THAT(output_.text, HasSubstr("       npm ERR! the end\n"));
}

TEST_F(Executor, AnUnresolvedHostIsNamed) {
  pack("compile", "echo 'curl: (6) Could not resolve host: example.invalid'; exit 6");
  EXPECT_THAT(bad_build(), HasSubstr("There is no network name for example.invalid"));
}

TEST_F(Executor, OutOfMemoryNamesTheLimit) {
  boxes_.out_of_memory_ = true;
  request_.limits.memory_bytes = 512 << 20;
  pack("compile", "kill -9 $$");
  const std::string message = bad_build();
  EXPECT_THAT(message, HasSubstr("ended by signal 9"));
  EXPECT_THAT(message, HasSubstr("a build may use 512 MB"));
}

TEST_F(Executor, SilenceAndTotalTimeAreLimited) {
  pack("compile", "sleep 300");
  request_.limits.silence = std::chrono::seconds(1);
  EXPECT_THAT(bad_build(), HasSubstr("bin/compile of Test printed nothing for 1 s and was ended"));
  pack("compile", "while true; do echo x; sleep 0.1; done");
  request_.limits.total = std::chrono::seconds(1);
  EXPECT_THAT(bad_build(), HasSubstr("The build took more than 1 s"));
  pack("detect", "sleep 300");
  request_.limits = {};
  request_.limits.detect = std::chrono::seconds(1);
  EXPECT_THAT(bad_build(), HasSubstr("bin/detect took more than 1 s"));
}

TEST_F(Executor, CancelEndsABuild) {
  pack("compile", "echo waiting; sleep 300");
  on_line_ = [this](const std::string& line) {
    if (line.ends_with("waiting")) cancel_.cancel();
  };
  const Result<BuildResult> result = build();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::cancelled);
}

TEST_F(Executor, ThePacksMessageIsTheOneShownWhenTheTreeIsInItsWay) {
  app(".heroku", "a file");
  pack("compile", "mkdir -p $1/.heroku/x");
  EXPECT_THAT(bad_build(), HasSubstr("exit status 1"));
  EXPECT_THAT(output_.text, HasSubstr("mkdir: "));
}

TEST_F(Executor, SmallFilesComeBack) {
  app("app.json", "{}");
  app("CHECKS", "/");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->files,
            (std::map<std::string, std::string>{{"app.json", "{}"}, {"CHECKS", "/"}}));
}

}  // namespace
}  // namespace dokku::buildstep
