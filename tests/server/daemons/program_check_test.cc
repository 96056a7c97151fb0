#include "server/daemons/program_check.h"

#include <gmock/gmock.h>

#include <fstream>

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class ProgramCheck : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "programs.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const char* name : {"dokkud", "dokku", "dokku-proxy", "dokku-worker", "dokku-receive",
                             "dokku-init", "dokku-log", "dokku-supervise"}) {
      fs::copy_file("/bin/true", folder_ / name);
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  void script(const std::string& name, const std::string& text) {
    fs::remove(folder_ / name);
    std::ofstream(folder_ / name) << "#!/bin/sh\n" << text << "\n";
    fs::permissions(folder_ / name, fs::perms(0755));
  }
  Result<> try_proxy() { return try_proxy_beside(folder_, folder_ / "trial", 100ms); }

  fs::path folder_;
};

TEST_F(ProgramCheck, AWholeVersionPasses) {
  const Result<> checked = check_programs(folder_);
  EXPECT_TRUE(checked) << checked.error().message();
}

TEST_F(ProgramCheck, AMissingProgramIsNamed) {
  fs::remove(folder_ / "dokku-log");
  EXPECT_THAT(check_programs(folder_).error().message(), HasSubstr("dokku-log cannot be executed"));
}

TEST_F(ProgramCheck, AMissingLibraryIsNamed) {
  // The same length, so that the file stays one.
  std::ifstream in(folder_ / "dokku-worker", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::size_t at = bytes.find("libc.so.6");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 9, "libz.so.0");
  std::ofstream(folder_ / "dokku-worker", std::ios::binary) << bytes;
  const Result<> checked = check_programs(folder_);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message(), HasSubstr("dokku-worker needs libz.so.0"));
}

TEST_F(ProgramCheck, FactsAreReadAndOtherLinesLeft) {
  script("dokkud", "echo version 0.2.0; echo later thing; echo schema 7");
  const Result<VersionFacts> facts = facts_of(folder_);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->number, "0.2.0");
  EXPECT_EQ(facts->schema, 7);
  for (const char* text :
       {"", "version 1", "schema 7", "version 1\nschema", "version 1\nschema x"}) {
    EXPECT_FALSE(VersionFacts::parse(text)) << text;
  }
}

TEST_F(ProgramCheck, AProxyThatEndsIsNoGood) {
  script("dokku-proxy", "echo cannot bind >&2; exit 1");
  const Result<> tried = try_proxy();
  ASSERT_FALSE(tried);
  EXPECT_THAT(tried.error().message(), HasSubstr("beside the running one: cannot bind"));
  EXPECT_FALSE(fs::exists(folder_ / "trial"));
}

}  // namespace
}  // namespace dokku::server
