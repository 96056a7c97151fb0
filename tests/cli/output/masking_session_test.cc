#include "cli/output/masking_session.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_session.h"

namespace dokku::cli {
namespace {

struct MaskCase {
  const char* name;
  const char* text;
  const char* shown;
};

class Masked : public ::testing::TestWithParam<MaskCase> {};

TEST_P(Masked, ShowsNoSecret) {
  EXPECT_EQ(masked(GetParam().text, {"hunter2", "hunter2hunter3", "true"}), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    , Masked,
    ::testing::Values(MaskCase{"Value", "key=hunter2,", "key=****,"},
                      MaskCase{"TheLongerFirst", "hunter2hunter3", "****"},
                      MaskCase{"ShortOnesStay", "true", "true"},
                      MaskCase{"Password", "https://me:secret@host/x", "https://me:****@host/x"},
                      MaskCase{"Token", "git+ssh://tok@host/x", "git+ssh://****@host/x"},
                      MaskCase{"NoPassword", "https://host:80/a@b", "https://host:80/a@b"},
                      MaskCase{"Two", "http://a:b@c http://d:e@f",
                               "http://a:****@c http://d:****@f"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(MaskingSession, MasksBothStreams) {
  FakeSession person;
  MaskingSession session(person, {"hunter2"});
  session.out("x hunter2\n");
  session.err("y hunter2\n");
  EXPECT_EQ(person.printed(), "x ****\n");
  EXPECT_EQ(person.complained(), "y ****\n");
}

}  // namespace
}  // namespace dokku::cli
