// The contract of a classic buildpack (docs/buildpacks.md), with packs written on the spot and
// phases run as plain processes (local_box.h). Caches and limits: executor_limits_test.cc.
#include "buildstep/buildpack/executor.h"

#include <gmock/gmock.h>

#include "executor_world.h"

namespace dokku::buildstep {
namespace {

TEST_F(Executor, NullPackBuildsAnAppWithAProcfile) {
  request_.config.clear();
  app("Procfile", "web: python3 app.py\nworker: sleep 1\n");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(output_.text,
            "-----> Null app detected\n-----> Discovering process types\n"
            "       Procfile declares types -> web, worker\n"
            "-----> Checking for predeploy task\n       No predeploy task found, skipping\n");
  EXPECT_EQ(result->pack_name, "Null");
  EXPECT_TRUE(result->has_procfile);
  EXPECT_EQ(result->processes.at("web"), "python3 app.py");
  EXPECT_EQ(result->image.config.working_dir, "/app");
  EXPECT_EQ(result->image.layers.size(), 1U);
}

TEST_F(Executor, SameTreeTwiceGivesTheSameImage) {
  request_.config.clear();
  app("Procfile", "web: x\n");
  const Result<BuildResult> first = build();
  fs::remove_all(root_ / "cache");
  const Result<BuildResult> second = build();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->image.layers[0].digest, second->image.layers[0].digest);
}

TEST_F(Executor, AnUnchangedLayerThatTheStoreHasLostIsWrittenAgain) {
  request_.config.clear();
  app("Procfile", "web: x\n");
  ASSERT_TRUE(build().has_value());
  ASSERT_TRUE(images_.remove(request_.image, true).has_value());
  EXPECT_TRUE(build().has_value());
}

TEST_F(Executor, NothingDetectsSaysWhatWasLookedFor) {
  request_.config.clear();
  app("readme.txt", "x");
  const std::string message = bad_build();
  EXPECT_THAT(message, HasSubstr("Unable to select a buildpack"));
  EXPECT_THAT(message, HasSubstr("Procfile"));
}

TEST_F(Executor, RefusesABadTreeByName) {
  fs::create_symlink("/etc/passwd", root_ / "app/steal");
  EXPECT_THAT(bad_build(), HasSubstr("refused './steal': a link that leads outside (/etc/passwd)"));
}

TEST_F(Executor, ABadProcfileFailsBeforeTheBuild) {
  app("Procfile", "web: a\nweb: b\n");
  EXPECT_EQ(bad_build(), "Procfile: process names must be unique, line 2");
  EXPECT_THAT(output_.text, Not(HasSubstr("detected")));
}

// --- 1.1 and 1.2: phases and places

TEST_F(Executor, ScriptsRunInTheirPacksOwnDirectory) {
  write(root_ / "pack/data", "mine\n");
  pack("compile", "cat data; cd \"$1\" && ls; read x || echo no stdin");
  app("index", "x");
  EXPECT_THAT(good_build(), HasSubstr("       mine\n       index\n       no stdin\n"));
}

TEST_F(Executor, PackMayWriteBesideItselfAndReleaseSeesIt) {
  pack("compile", "echo 'export GREETING=hello' > export");
  pack("release", ". ./export; echo \"default_process_types: {web: say $GREETING}\"");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->processes.at("web"), "say hello");
  EXPECT_THAT(output_.text, HasSubstr("Default types for Test -> web"));
  EXPECT_FALSE(fs::exists(root_ / "pack/export"));
}

TEST_F(Executor, ScriptsWithoutModeBitsOrInterpreterRun) {
  write(root_ / "pack/bin/compile", "echo plain; [[ bash == b* ]] && echo bash\n");
  fs::permissions(root_ / "pack/bin/compile", fs::perms(0644));
  EXPECT_THAT(good_build(), HasSubstr("       plain\n       bash\n"));
}

TEST_F(Executor, CompileMayEmptyTheBuildDirectory) {
  pack("compile",
       "mkdir /tmp/s.$$; mv $1/sub/* /tmp/s.$$/; rm -rf $1/*; cp -r /tmp/s.$$/. $1; rm -r "
       "/tmp/s.$$");
  app("sub/Procfile", "web: below\n");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->processes.at("web"), "below");
}

TEST_F(Executor, RunsAsTheBuildUser) {
  pack("compile", "id -u; touch $1/a $2/b ; stat -c %a $3; umask");
  EXPECT_THAT(good_build(), HasSubstr("       32767\n       700\n"));
}

TEST_F(Executor, DetectThatFailsExplainsItself) {
  pack("detect", "echo 'no pom.xml here' >&2; exit 1");
  const std::string message = bad_build();
  EXPECT_THAT(message, HasSubstr("does not accept this app"));
  EXPECT_THAT(message, HasSubstr("no pom.xml here"));
}

TEST_F(Executor, DetectWithoutANameUsesThePacksOwn) {
  pack("detect", "exit 0");
  EXPECT_THAT(good_build(), HasSubstr("-----> " + (root_ / "pack").string() + " app detected"));
}

// --- 1.3: environment

TEST_F(Executor, ConfigIsInTheEnvironmentAndInFiles) {
  const std::string odd = "two\nlines \"q\" $(id) `id` -x";
  request_.config["ODD"] = odd;
  request_.config["LONG"] = std::string(100 << 10, 'y');
  request_.config["TOO_LONG"] = std::string(200 << 10, 'z');
  request_.config["PATH"] = "/evil";
  request_.config["LD_PRELOAD"] = "/evil.so";
  request_.config["BASH_ENV"] = "/evil.sh";
  request_.config["GIT_DIR"] = "/evil.git";
  pack("compile",
       "printf %s \"$ODD\" > $1/odd; cmp $1/odd $3/ODD && echo same\n"
       "echo ${#LONG} $(stat -c %s $3/TOO_LONG)\n"
       "cat $3/PATH; echo; echo \"$LD_PRELOAD$BASH_ENV$GIT_DIR\"; echo $STACK $DYNO $HOME_SET\n"
       "case $PATH in *evil*) echo evil;; esac; echo $SOURCE_VERSION");
  const std::string said = good_build();
  EXPECT_THAT(said, HasSubstr("       same\n       102400 204800\n       /evil\n\n"));
  EXPECT_THAT(said, HasSubstr("       heroku-24 build.1\n       " + std::string(40, 'a')));
  EXPECT_THAT(said, Not(HasSubstr("       evil")));
}

TEST_F(Executor, DotEnvLiesBelowConfig) {
  app(".env", "export A=from-file\nB=file-too\nBUILDPACK_URL=/nowhere\n");
  request_.config["A"] = "from-config";
  pack("compile", "echo $A $B $(cat $3/B)");
  const Result<BuildResult> result = build();
  EXPECT_THAT(output_.text, HasSubstr("       from-config file-too file-too\n"));
  EXPECT_EQ(result->config_defaults.at("B"), "file-too");
}

TEST_F(Executor, PlatformVariablesAreMasked) {
  request_.platform_env["NPM_TOKEN"] = "very-secret-token";
  pack("compile", "echo using $NPM_TOKEN; ls $3");
  const std::string said = good_build();
  EXPECT_THAT(said, HasSubstr("using ****"));
  EXPECT_THAT(said, Not(HasSubstr("NPM_TOKEN")));
}

// --- 1.4 and 1.5: choosing, several

TEST_F(Executor, BuildpacksFileRunsAllInOrderAndSourcesExports) {
  request_.config.clear();
  const std::string one = other_pack("one", "printf 'export PATH=\"/one:$PATH\"' > export");
  const std::string two =
      other_pack("two", "echo 'declare -x PATH=\"/two:'\"$PATH\"'\"' > export; echo \"$PATH\"");
  const std::string three = other_pack("three", "echo \"$PATH\"");
  app(".buildpacks", "# packs\r\n" + one + "\r\n\r\n" + two + "\r\n" + three);
  const std::string said = good_build();
  EXPECT_THAT(said, HasSubstr("=====> Downloading Buildpack: " + one + "\n"));
  EXPECT_THAT(said, HasSubstr("=====> Detected Framework: two\n       /one:/usr/local/sbin"));
  EXPECT_THAT(said,
              HasSubstr("=====> Detected Framework: three\n       /two:/one:/usr/local/sbin"));
}

TEST_F(Executor, BuildpackUrlWinsOverABuildpacksFile) {
  app(".buildpacks", "https://no-such-host.invalid/pack.git\n");
  EXPECT_THAT(good_build(), HasSubstr("-----> Test app detected"));
}

TEST_F(Executor, OnlyTheLastReleaseCounts) {
  request_.config.clear();
  pack("release", "echo 'default_process_types: {web: first}'");
  const std::string last = other_pack("last", "true");
  request_.buildpacks = {(root_ / "pack").string(), last};
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_TRUE(result->processes.empty());
}

TEST_F(Executor, AnUnknownPackNameListsTheKnown) {
  request_.config["BUILDPACK_URL"] = "cobol";
  EXPECT_THAT(bad_build(), HasSubstr("'cobol' is no buildpack. It is a URL, or one of: "));
}

TEST_F(Executor, HerokusShortNameMeansTheBundledPackOfThatLanguage) {
  request_.config.clear();
  request_.buildpacks = {"heroku/nodejs"};  // the tree has no package.json
  EXPECT_THAT(bad_build(), HasSubstr("node does not accept this app"));
}

TEST_F(Executor, APackInAGitRepositoryIsFetchedByRef) {
  const std::vector<std::string> script{"sh", "-c",
                                        "cd \"$1\" && git init -q -b main && git add -A && git -c "
                                        "user.name=a -c user.email=a@b commit -qm 1 "
                                        "&& git tag v1 && echo 'echo changed' >> bin/compile && "
                                        "git -c user.name=a -c user.email=a@b commit -qam 2",
                                        "sh", (root_ / "pack").string()};
  Result<Process> git = Process::start(
      {.program = "/bin/sh", .arguments = script, .environment = {"PATH=/usr/bin:/bin", "HOME=/"}});
  ASSERT_TRUE(git->wait()->ok());
  request_.config["BUILDPACK_URL"] = "file://" + (root_ / "pack").string();
  EXPECT_THAT(good_build(), HasSubstr("       changed"));
  request_.config["BUILDPACK_URL"] += "#v1";
  EXPECT_THAT(good_build(), Not(HasSubstr("       changed")));
  // The repository is gone: the last fetch is used, and said so.
  fs::remove_all(root_ / "pack");
  EXPECT_THAT(good_build(), HasSubstr("using what was fetched before"));
  request_.config["BUILDPACK_URL"] += "x";
  EXPECT_THAT(bad_build(), HasSubstr("Cannot fetch buildpack file://"));
}

TEST_F(Executor, SeveralBundledPacksAreNamedInOneLine) {
  request_.config.clear();
  app("requirements.txt", "\n");
  app("public/index.html", "<h1>x</h1>");
  app("Procfile", "worker: x\n");
  const std::string packs = root_ / "bundled";
  fs::create_directories(packs);
  for (const char* name : {"python", "static", "null"}) {
    fs::copy(bundled_ / name, fs::path(packs) / name, fs::copy_options::recursive);
  }
  write(fs::path(packs) / "python/bin/compile", "#!/bin/bash\necho made\n");
  bundled_ = packs;
  EXPECT_THAT(good_build(), HasSubstr("-----> Python app detected\n"
                                      "       Several buildpacks fit: python, static. To choose: "
                                      "dokku config:set blog BUILDPACK_URL=static\n       made\n"));
  // The python pack's own build layers were asked for from the start.
  EXPECT_EQ(boxes_.images_, std::vector<std::string>{"build+python"});
}

TEST_F(Executor, StaticPackNeverBeatsAProcfileWithWeb) {
  request_.config.clear();
  app("index.html", "x");
  app("Procfile", "web: mine\n");
  EXPECT_THAT(good_build(), HasSubstr("-----> Null app detected"));
  fs::remove(root_ / "app/Procfile");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->processes.at("web"), ".heroku/static/serve");
  EXPECT_THAT(output_.text, HasSubstr("-----> Serving the app's root with nginx"));
}

// --- 1.6: release

TEST_F(Executor, ProcfileWinsOverDefaultTypes) {
  app("Procfile", "web: mine\n");
  pack("release",
       "printf -- '---\\ndefault_process_types:\\n  web: theirs\\n  console: irb\\nconfig_vars:\\n "
       " PATH: bin:/usr/bin\\n  H: $HOME/x\\n'");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->processes, (Processes{{"web", "mine"}, {"console", "irb"}}));
  EXPECT_EQ(result->config_defaults.at("PATH"), "/usr/local/bin:bin:/usr/bin");
  EXPECT_EQ(result->config_defaults.at("H"), "/app/x");
  EXPECT_THAT(output_.text, HasSubstr("       Procfile declares types -> web\n"
                                      "       Default types for Test -> console\n"));
}

TEST_F(Executor, ReleaseMayPrintNothingOrAnEmptyMap) {
  for (const char* script : {"true", "echo '--- {}'", "echo ---"}) {
    pack("release", script);
    EXPECT_TRUE(build().has_value()) << script;
  }
}

TEST_F(Executor, BrokenReleaseNamesThePack) {
  for (const char* script : {"echo '- web'", "exit 3", "echo 'a: ['"}) {
    pack("release", script);
    EXPECT_THAT(bad_build(), HasSubstr("bin/release of Test failed: ")) << script;
  }
}

}  // namespace
}  // namespace dokku::buildstep
