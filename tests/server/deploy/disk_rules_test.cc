#include "server/deploy/disk_rules.h"

#include "deploy_fixture.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;

struct FloorCase {
  const char* name;
  const char* text;
  std::uint64_t disk;
  std::optional<std::uint64_t> floor;  // none: refused
};

class FloorTest : public ::testing::TestWithParam<FloorCase> {};

TEST_P(FloorTest, IsASizeOrAShare) {
  const auto floor = parse_floor(GetParam().text);
  ASSERT_EQ(floor.has_value(), GetParam().floor.has_value());
  if (floor) {
    EXPECT_EQ(floor->of(GetParam().disk), *GetParam().floor);
  }
}

INSTANTIATE_TEST_SUITE_P(, FloorTest,
                         ::testing::Values(FloorCase{"Size", "2g", 100 * kGiB, 2 * kGiB},
                                           FloorCase{"SizeOfASmallDisk", "2g", kGiB,
                                                     kGiB / 100 * 100},
                                           FloorCase{"Share", "5%", 100 * kGiB, 5 * kGiB},
                                           FloorCase{"NoShare", "0%", 100 * kGiB, 0},
                                           FloorCase{"TooMuch", "91%", kGiB, std::nullopt},
                                           FloorCase{"Words", "a lot", kGiB, std::nullopt},
                                           FloorCase{"Nothing", "", kGiB, std::nullopt}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(DiskFloor, IsTheLesserOfTenPercentAndAGigabyte) {
  EXPECT_EQ(DiskFloor().of(100 * kGiB), kGiB);
  EXPECT_EQ(DiskFloor().of(kGiB), kGiB / 100 * 10);
}

TEST(DiskBudget, IsASizeOrUnlimited) {
  EXPECT_EQ(parse_budget("20g"), std::optional(20 * kGiB));
  EXPECT_EQ(parse_budget("unlimited"), std::optional<std::uint64_t>(0));
  EXPECT_EQ(parse_budget("much"), std::nullopt);
}

class DiskRulesTest : public DeployFixture {};

TEST_F(DiskRulesTest, ReleasesKeptAreTheAppsElseTheServers) {
  const auto kept = [&] {
    return *store_->read([&](ReadTx& tx) { return releases_kept(tx, app_->id); });
  };
  const auto set = [&](AppId app, const char* value) {
    ASSERT_TRUE(
        store_->write([&](WriteTx& tx) { return set_property(tx, app, kReleasesKept, value); }));
  };
  EXPECT_EQ(kept(), 5U);
  set(AppId::global, "3");
  EXPECT_EQ(kept(), 3U);
  set(app_->id, "2");
  EXPECT_EQ(kept(), 2U);
}

TEST_F(DiskRulesTest, ADeployKeepsAsManyImagesAsAreAskedFor) {
  ASSERT_TRUE(
      store_->write([&](WriteTx& tx) { return set_property(tx, app_->id, kReleasesKept, "2"); }));
  for (const char* tree : {"one", "two", "three", "four"}) ASSERT_TRUE(push(tree));
  EXPECT_EQ(images_.list("dokku/blog:")->size(), 2U);
}

}  // namespace
}  // namespace dokku::server
