#include "proxy/process/snapshot.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "proxy/control/messages.h"

namespace dokku::proxy::process {
namespace {

Group group(const std::string& key) {
  return {.key = key,
          .hosts = {key + ".test"},
          .targets = {{"10.0.0.2", 5000, key + ".web.1"}},
          .generation = 1};
}

class SnapshotTest : public testing::Test {
 protected:
  ~SnapshotTest() override {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
  }
  std::filesystem::path file_ = testing::TempDir() + "routes-" + std::to_string(::getpid());
};

TEST_F(SnapshotTest, ComesBackAsItWasSaved) {
  Snapshot snapshot(file_);
  EXPECT_TRUE(snapshot.load()->empty()) << "no file is no groups";
  snapshot.put(group("b"));
  snapshot.put(group("a"));
  snapshot.put(group("c"));
  snapshot.remove("c");
  ASSERT_TRUE(snapshot.save());
  EXPECT_EQ(*Snapshot(file_).load(), (std::vector{group("a"), group("b")}));
  EXPECT_EQ(*decode_groups(snapshot.text()), (std::vector{group("a"), group("b")}));
  snapshot.replace_all({group("d")});
  ASSERT_TRUE(snapshot.save());
  EXPECT_EQ(*Snapshot(file_).load(), std::vector{group("d")});
}

TEST_F(SnapshotTest, IsSeenAsSoonAsItIsReplaced) {
  Snapshot snapshot(file_);
  for (const char* key : {"a", "b", "c"}) {
    snapshot.replace_all({group(key)});
    ASSERT_TRUE(snapshot.replace());
    EXPECT_EQ(*Snapshot(file_).load(), std::vector{group(key)});
  }
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".next"));
  EXPECT_FALSE(Snapshot("/nonexistent/routes.json").replace());
}

TEST_F(SnapshotTest, OfNoUseIsAnError) {
  ASSERT_TRUE(write_file_atomically(file_, "[{"));
  EXPECT_FALSE(Snapshot(file_).load().has_value());
}

TEST_F(SnapshotTest, WithoutAFileIsKeptInMemoryOnly) {
  Snapshot snapshot("");
  EXPECT_EQ(snapshot.text(), "[]");
  snapshot.put(group("a"));
  EXPECT_TRUE(snapshot.check_folder());
  EXPECT_TRUE(snapshot.save());
  EXPECT_TRUE(snapshot.load()->empty());
}

TEST_F(SnapshotTest, NeedsItsFolder) {
  EXPECT_EQ(Snapshot("/nonexistent/routes.json").check_folder().error().code(),
            Errc::permission_denied);
}

}  // namespace
}  // namespace dokku::proxy::process
