#include "buildstep/stack/stale.h"

#include <gmock/gmock.h>
#include <stdlib.h>

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

class StaleStacks : public ::testing::Test {
 protected:
  StaleStacks() {
    std::string pattern = (fs::temp_directory_path() / "stacks.XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
  }
  ~StaleStacks() override { fs::remove_all(dir_); }
  fs::path make(const std::string& name) {
    fs::create_directories(dir_ / name / "root/usr");
    return dir_ / name;
  }
  std::vector<std::string> remove_at(WallTime now) {
    return remove_stale_stacks(dir_, "trixie", dir_ / "trixie-aa", now);
  }

  fs::path dir_;
  const WallTime now_ = std::chrono::time_point_cast<WallTime::duration>(
      std::chrono::system_clock::now());
};

TEST_F(StaleStacks, GoWhenNobodyHasUsedThemForAWeek) {
  make("trixie-aa");
  make("trixie-0b");
  make("bookworm-0c");
  make("trixie-mine");
  EXPECT_TRUE(remove_at(now_).empty());
  EXPECT_THAT(remove_at(now_ + kStaleAfter + std::chrono::hours(1)),
              ::testing::ElementsAre("trixie-0b"));
  EXPECT_FALSE(fs::exists(dir_ / "trixie-0b"));
  EXPECT_TRUE(fs::exists(dir_ / "trixie-aa/root"));
  EXPECT_TRUE(fs::exists(dir_ / "bookworm-0c"));
  EXPECT_TRUE(fs::exists(dir_ / "trixie-mine"));
}

TEST_F(StaleStacks, StayWhileAnInstanceUsesThem) {
  const fs::path home = make("trixie-0b");
  const WallTime later = now_ + kStaleAfter + std::chrono::hours(1);
  {
    const Result<UniqueFd> held = hold_stack(home);
    const Result<UniqueFd> too = hold_stack(home);
    ASSERT_TRUE(held && too);
    EXPECT_TRUE(remove_at(later).empty());
  }
  EXPECT_EQ(remove_at(later).size(), 1U);
}

}  // namespace
}  // namespace dokku::buildstep
