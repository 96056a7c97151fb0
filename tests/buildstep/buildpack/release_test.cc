#include "buildstep/buildpack/release.h"

#include <gtest/gtest.h>

namespace dokku::buildstep {
namespace {

Result<ReleaseInfo> release_of(const std::string& yaml) {
  const Result<std::string> lines = yaml_to_lines(yaml);
  if (!lines) return Fail(lines.error());
  return decode_release(*lines);
}

TEST(ReleaseYaml, ReadsWhatPacksPrint) {
  const auto info = release_of(
      "---\naddons:\n  - heroku-postgresql\nconfig_vars:\n  PATH: bin:/usr/bin\n"
      "default_process_types:\n  web: npm start\n  console: |\n    two\n    lines\n");
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->processes.at("web"), "npm start");
  EXPECT_EQ(info->processes.at("console"), "two\nlines\n");
  EXPECT_EQ(info->config_vars.at("PATH"), "bin:/usr/bin");
  EXPECT_EQ(info->addons, std::vector<std::string>{"heroku-postgresql"});
}

TEST(ReleaseYaml, NothingIsFine) {
  for (const char* yaml : {"", "---\n", "--- {}\n", "default_process_types:\n", "addons: []\n"}) {
    const auto info = release_of(yaml);
    ASSERT_TRUE(info.has_value()) << yaml;
    EXPECT_EQ(*info, ReleaseInfo{}) << yaml;
  }
}

TEST(ReleaseYaml, RefusesAListWhereAMapBelongs) {
  for (const char* yaml : {"- web\n", "default_process_types:\n  - web\n", "config_vars: x\n",
                           "default_process_types:\n  web: [a]\n", "a: [\n", "just text"}) {
    const auto info = release_of(yaml);
    ASSERT_FALSE(info.has_value()) << yaml;
    EXPECT_EQ(info.error().code(), Errc::invalid_argument) << yaml;
  }
}

TEST(ReleaseLines, EveryCutIsRefusedOrShorter) {
  const std::string lines = *yaml_to_lines("default_process_types: {web: abc, worker: d}");
  for (std::size_t size = 1; size < lines.size(); ++size) {
    const auto info = decode_release(lines.substr(0, size));
    EXPECT_TRUE(!info || info->processes.size() < 2U) << size;
  }
}

}  // namespace
}  // namespace dokku::buildstep
