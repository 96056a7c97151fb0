#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "fixture.h"

namespace dokku::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class DiskCommands : public CommandsTest {
 protected:
  void write(const std::filesystem::path& file, std::size_t bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << std::string(bytes, 'x');
  }
};

TEST_F(DiskCommands, AllAppsComeAfterTheServerTheLargestFirst) {
  must("apps:create", "small");
  must("apps:create", "large");
  write(instance_.sources_dir() / "large/tree", 3 << 20);
  const Outcome all = run("disk:report");
  EXPECT_EQ(all.status, 0) << all;
  EXPECT_THAT(all.out, StartsWith("=====> --global disk information\n"));
  EXPECT_THAT(all.out, HasSubstr("Disk floor computed:"));
  EXPECT_THAT(all.out, HasSubstr("\nApp    Total"));
  EXPECT_LT(all.out.find("\nlarge  3.0 MB"), all.out.find("\nsmall"));
}

TEST_F(DiskCommands, ProgramsGetBytes) {
  must("apps:create", "blog");
  write(instance_.sources_dir() / "blog/tree", 3 << 20);
  const auto one = nlohmann::json::parse(run("disk:report", "blog", "--format", "json").out);
  EXPECT_GE(std::stoul(one["sources"].get<std::string>()), 3U << 20);
  const auto all = nlohmann::json::parse(run("disk:report", "--format", "json").out);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["name"], "--global");
  EXPECT_GT(std::stoull(all[0]["free"].get<std::string>()), 0U);
  EXPECT_EQ(all[1]["name"], "blog");
}

TEST_F(DiskCommands, MistakesAreNamed) {
  EXPECT_EQ(run("disk:report", "nobody").status, 20);
  EXPECT_EQ(run("disk:report", "--format", "xml").err,
            " !     Invalid format specified, valid formats: stdout, json\n");
  EXPECT_EQ(run("disk:set", "--global", "floor", "a lot").err,
            " !     Invalid floor specified\n"
            " !     It is a size (2g) or a share of the disk (10%)\n");
  EXPECT_EQ(run("disk:set", "--global", "budget", "much").status, 1);
  EXPECT_EQ(run("disk:set", "--global", "releases-kept", "0").status, 1);
}

TEST_F(DiskCommands, TheFloorIsWhatIsSet) {
  must("disk:set", "--global", "floor", "3m");
  const auto all = nlohmann::json::parse(run("disk:report", "--global", "--format", "json").out);
  EXPECT_EQ(all["floor-computed"], std::to_string(3 << 20));
  EXPECT_EQ(all["global-floor"], "3m");
}

TEST_F(DiskCommands, CleanupSaysWhatItFreed) {
  must("apps:create", "blog");
  write(instance_.cache_dir() / "apps/blog/packs/x", 2 << 20);
  write(instance_.sources_dir() / "nobody/x", 1 << 20);
  const Outcome plain = run("cleanup");
  EXPECT_THAT(plain.out, StartsWith("-----> Cleaning up...\n       sources 1.0 MB\n-----> 1.0 MB "
                                    "freed; "))
      << plain;
  EXPECT_THAT(run("cleanup", "--caches", "blog").out, HasSubstr("build caches 2.0 MB\n"));
  EXPECT_EQ(run("cleanup", "nobody").status, 20);
}

}  // namespace
}  // namespace dokku::cli
