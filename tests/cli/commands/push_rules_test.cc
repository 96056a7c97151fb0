#include "cli/commands/push_rules.h"

#include <gtest/gtest.h>

namespace dokku::cli {
namespace {

const std::string kOld(40, '1');
const std::string kNew(40, '2');
const std::string kNone(40, '0');

struct PushCase {
  const char* name;
  std::vector<RefChange> changes;
  std::string branch;
  std::string says;  // empty: deploys
};

class PushRules : public testing::TestWithParam<PushCase> {};

TEST_P(PushRules, SayWhatDeploysAndWhatToTypeOtherwise) {
  const Result<RefChange> chosen = choose_deploy(GetParam().changes, "blog", GetParam().branch);
  if (GetParam().says.empty()) {
    ASSERT_TRUE(chosen.has_value()) << chosen.error().message();
    EXPECT_EQ(chosen->after, kNew);
    return;
  }
  ASSERT_FALSE(chosen.has_value());
  EXPECT_NE(chosen.error().message().find(GetParam().says), std::string::npos)
      << chosen.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    , PushRules,
    testing::Values(
        PushCase{"Main", {{kNone, kNew, "refs/heads/main"}}, "", ""},
        PushCase{"Master", {{kOld, kNew, "refs/heads/master"}}, "", ""},
        PushCase{"Other", {{kNone, kNew, "refs/heads/feature"}}, "", "git push dokku feature:main"},
        PushCase{"OwnBranch", {{kNone, kNew, "refs/heads/live"}}, "live", ""},
        PushCase{"OwnTag", {{kNone, kNew, "refs/tags/live"}}, "live", ""},
        PushCase{
            "MainWithOwn", {{kNone, kNew, "refs/heads/main"}}, "live", "git push dokku main:live"},
        PushCase{
            "Tag", {{kNone, kNew, "refs/tags/v1"}}, "", "git push dokku v1^{}:refs/heads/main"},
        PushCase{"Deletion", {{kOld, kNone, "refs/heads/main"}}, "", "apps:destroy blog"},
        PushCase{"Two",
                 {{kOld, kNew, "refs/heads/main"}, {kOld, kNew, "refs/heads/master"}},
                 "",
                 "one branch"},
        PushCase{"MainAndOther",
                 {{kOld, kNew, "refs/heads/main"}, {kOld, kNew, "refs/heads/x"}},
                 "",
                 "x:main"},
        PushCase{"Notes", {{kNone, kNew, "refs/notes/x"}}, "", "refs/notes/x"},
        PushCase{"None", {}, "", "one branch"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(RefChanges, AreTriplesOfGits) {
  EXPECT_EQ(read_ref_changes({kOld, kNew, "refs/heads/main"})->size(), 1U);
  EXPECT_FALSE(read_ref_changes({}).has_value());
  EXPECT_FALSE(read_ref_changes({kOld, kNew}).has_value());
  EXPECT_FALSE(read_ref_changes({"--upload", kNew, "refs/heads/main"}).has_value());
}

}  // namespace
}  // namespace dokku::cli
