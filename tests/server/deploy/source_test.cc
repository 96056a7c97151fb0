#include "server/deploy/source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/io.h"

namespace dokku::server {
namespace {

class SourceTest : public ::testing::Test {
 protected:
  SourceTest() {
    char name[] = "/tmp/source-test-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~SourceTest() override { std::filesystem::remove_all(directory_); }

  Result<KeptSource> keep(const std::string& bytes) {
    auto pipe = make_pipe();
    std::thread writer([&] {
      static_cast<void>(write_all(pipe->write.get(), bytes));
      pipe->write.reset();
    });
    auto kept = keep_source(pipe->read.get(), place(), cancel_);
    pipe->read.reset();
    writer.join();
    return kept;
  }
  SourcePlace place() const { return {directory_, "blog"}; }

  std::filesystem::path directory_;
  CancelToken cancel_ = *CancelToken::create();
};

TEST_F(SourceTest, SameBytesAreOneFile) {
  const std::string tree(3 << 20, 'x');
  const auto one = keep(tree);
  ASSERT_TRUE(one) << one.error().message();
  const auto two = keep(tree);
  ASSERT_TRUE(two);
  EXPECT_EQ(one->file, two->file);
  EXPECT_EQ(one->bytes, tree.size());
  EXPECT_LT(std::filesystem::file_size(directory_ / one->file), tree.size() / 100);
}

TEST_F(SourceTest, NothingIsNoSource) {
  EXPECT_FALSE(keep(""));
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "blog"));
}

TEST_F(SourceTest, ALostClientLeavesNothing) {
  auto pipe = make_pipe();
  ASSERT_TRUE(write_all(pipe->write.get(), "half a tree"));
  std::thread client([&] { cancel_.cancel(); });
  const auto kept = keep_source(pipe->read.get(), place(), cancel_);
  client.join();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code(), Errc::cancelled);
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "blog"));
}

TEST_F(SourceTest, OnlyNamedFilesStay) {
  const auto one = keep("one");
  const auto two = keep("two");
  ASSERT_TRUE(one && two);
  ASSERT_TRUE(remove_other_sources(place(), {two->file}));
  EXPECT_FALSE(std::filesystem::exists(directory_ / one->file));
  EXPECT_TRUE(std::filesystem::exists(directory_ / two->file));
}

}  // namespace
}  // namespace dokku::server
