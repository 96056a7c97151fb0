// The executor's tests' world: packs written on the spot, phases as plain processes.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/io.h"
#include "base/process.h"
#include "buildstep/buildpack/executor.h"
#include "local_box.h"
#include "tests/fakes/fake_images.h"
#include "tests/paths/paths.h"

namespace dokku::buildstep {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class FakeStack : public Stack {
 public:
  Result<> ensure_base(const Progress&) override { return {}; }
  Result<runtime::ImageRef> run_image(const std::vector<std::string>& languages,
                                      const Progress&) override {
    return image("run", languages);
  }
  Result<runtime::ImageRef> build_image(const std::vector<std::string>& languages,
                                        const Progress&) override {
    return image("build", languages);
  }
  bool prepared() override { return true; }
  Result<std::string> fingerprint() override { return std::string("1"); }
  dokku::testing::FakeImages* images = nullptr;

 private:
  Result<runtime::ImageRef> image(std::string kind, const std::vector<std::string>& languages) {
    for (const std::string& language : languages) kind += "+" + language;
    images->add(kind);
    return runtime::ImageRef::parse(kind);
  }
};

class Recorder : public Output {
 public:
  void step(std::string_view line) override { add("-----> " + std::string(line)); }
  void detail(std::string_view line) override { add("       " + std::string(line)); }
  void warn(std::string_view line) override { add(" !     " + std::string(line)); }
  void pack_line(std::string_view line) override { add(std::string(line)); }
  std::string text;
  std::function<void(const std::string&)> on_line;

 private:
  void add(const std::string& line) {
    text += line + "\n";
    if (on_line) on_line(line);
  }
};

class Executor : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/dokku-build-XXXXXX";
    root_ = ::mkdtemp(name.data());
    fs::permissions(root_, fs::perms(0755));
    for (const char* folder : {"app", "pack/bin", "home"}) fs::create_directories(root_ / folder);
    ASSERT_EQ(::chown((root_ / "home").c_str(), kBuildUid, kBuildUid), 0);
    stack_.images = &images_;
    request_.config["BUILDPACK_URL"] = (root_ / "pack").string();
    pack("detect", "echo Test");
    pack("compile", "true");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void app(const std::string& name, const std::string& text) { write(root_ / "app" / name, text); }
  void pack(const std::string& script, const std::string& text) {
    write(root_ / "pack/bin" / script, "#!/bin/bash\n" + text + "\n");
  }
  // A second pack, for tests of several.
  std::string other_pack(const std::string& name, const std::string& compile) {
    write(root_ / name / "bin/detect", "#!/bin/bash\necho " + name + "\n");
    write(root_ / name / "bin/compile", "#!/bin/bash\n" + compile + "\n");
    return (root_ / name).string();
  }

  Result<BuildResult> build() {
    const std::vector<std::string> tar{
        "tar", "-C", (root_ / "app").string(), "-cf", (root_ / "app.tar").string(), "."};
    Result<Process> process =
        Process::start({.program = "/bin/tar", .arguments = tar, .environment = {}});
    EXPECT_TRUE(process->wait()->ok());
    request_.name = "blog";
    request_.build_id = "blog.b" + std::to_string(++number_);
    request_.source = root_ / "app.tar";
    request_.cache = root_ / "cache";
    request_.revision = std::string(40, 'a');
    const GitWorker git("/proc/self/exe", root_ / "ssh");
    const PackStore packs(bundled_, root_ / "packs", "/proc/self/exe", git);
    output_ = Recorder();
    output_.on_line = on_line_;
    Trash trash(root_ / "builds.trash");
    Result<BuildResult> result = execute_build({boxes_, stack_, images_, packs, root_ / "builds",
                                                root_ / "run", "/proc/self/exe", trash, git},
                                               request_, output_, cancel_);
    // Whatever happened, nothing of the build is left.
    EXPECT_TRUE(fs::is_empty(root_ / "builds"));
    EXPECT_TRUE(fs::is_empty(root_ / "run"));
    return result;
  }
  std::string good_build() {
    const Result<BuildResult> result = build();
    EXPECT_TRUE(result.has_value()) << result.error().message() << "\n" << output_.text;
    return output_.text;
  }
  std::string bad_build() {
    const Result<BuildResult> result = build();
    EXPECT_FALSE(result.has_value()) << output_.text;
    return result ? "" : result.error().message();
  }

  fs::path root_;
  fs::path bundled_ = tests::source_dir() / "buildstep/packs";
  dokku::testing::FakeImages images_;
  FakeStack stack_;
  LocalBoxes boxes_{fs::path()};
  Recorder output_;
  std::function<void(const std::string&)> on_line_;
  CancelToken cancel_ = *CancelToken::create();
  BuildRequest request_{.image = *runtime::ImageRef::parse("blog:1")};
  int number_ = 0;
};

}  // namespace dokku::buildstep
