#include "proxy/process/key_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

namespace dokku::proxy::process {
namespace {

const std::string kA(64, 'a');
const std::string kB(64, 'b');

Group naming(std::vector<std::string> ids) {
  return {.key = "blog", .certificates = std::move(ids)};
}

class Keys : public testing::Test {
 protected:
  Keys() {
    char pattern[] = "/tmp/key_store_test.XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~Keys() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path certs() const { return folder_ / "certs"; }
  std::filesystem::path folder_;
};

TEST_F(Keys, AreKeptForTheNextStart) {
  KeyStore store(certs());
  const auto fresh = store.admit({naming({kA})}, {{kA, "CHAIN", "SECRET"}, {kB, "", ""}});
  ASSERT_TRUE(fresh);
  EXPECT_EQ(*fresh, std::vector<std::string>{kA});
  struct stat info {};
  ASSERT_EQ(::stat((certs() / kA).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(certs().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  KeyStore next(certs());
  next.load({naming({kA, kB})});
  EXPECT_EQ(next.ids(), std::vector<std::string>{kA});
  EXPECT_EQ(next.at(kA).key, "SECRET");
  EXPECT_TRUE(next.sweep().empty());
}

TEST_F(Keys, OneThatNobodyGivesIsNotFound) {
  KeyStore store(certs());
  EXPECT_EQ(store.admit({naming({kA})}, {}).error().code(), Errc::not_found);
  ASSERT_TRUE(store.admit({naming({kA})}, {{kA, "C", "K"}}));
  EXPECT_TRUE(store.admit({naming({kA})}, {})->empty());
}

TEST_F(Keys, GoWithTheLastGroupThatNamesThem) {
  KeyStore store(certs());
  ASSERT_TRUE(store.admit({naming({kA})}, {{kA, "C", "K"}}));
  store.count({kA});
  store.count({kA});
  store.discount({kA});
  EXPECT_TRUE(store.sweep().empty());
  store.discount({kA});
  EXPECT_EQ(store.sweep(), std::vector<std::string>{kA});
  EXPECT_FALSE(std::filesystem::exists(certs() / kA));
}

TEST_F(Keys, ChallengesNameThemToo) {
  Group group = naming({kA});
  group.challenges = {{"a.test", "", "", kB}, {"a.test", "token", "answer", ""}};
  EXPECT_EQ(named_certificates(group), (std::vector<std::string>{kA, kB}));
}

}  // namespace
}  // namespace dokku::proxy::process
