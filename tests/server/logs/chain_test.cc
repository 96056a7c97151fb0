#include "server/logs/chain.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class ChainTest : public testing::Test {
 protected:
  ChainTest() {
    std::string pattern = (fs::temp_directory_path() / "chain-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~ChainTest() override { fs::remove_all(root_); }

  Segment segment(unsigned sequence) const { return {root_, "00000000000000000001-x", sequence}; }
  void append(unsigned sequence, const std::string& text) const {
    std::ofstream(segment(sequence).path(), std::ios::app)
        << "2026-11-21T02:00:00.000000000Z o F " << text << "\n";
  }
  static std::string next(Chain* chain) {
    const LogLine* line = chain->peek();
    if (line == nullptr) return "(none)";
    std::string text = line->text;
    chain->take();
    return text;
  }

  fs::path root_;
};

TEST_F(ChainTest, GoesOnWhereItsWriterGoesOn) {
  append(1, "a");
  Chain chain(segment(1));
  EXPECT_EQ(next(&chain), "a");
  EXPECT_EQ(next(&chain), "(none)");
  append(1, "b");
  append(2, "c");
  EXPECT_EQ(next(&chain), "b");
  EXPECT_EQ(next(&chain), "c");
}

TEST_F(ChainTest, SkipsSegmentsThatWerePruned) {
  append(1, "a");
  Chain chain(segment(1));
  EXPECT_EQ(next(&chain), "a");
  fs::remove(segment(1).path());
  append(4, "d");
  EXPECT_EQ(next(&chain), "d");
}

TEST_F(ChainTest, SeeksBackNoFurtherThanThereIs) {
  append(3, "c");
  append(4, "d");
  Chain chain(segment(3));
  EXPECT_EQ(chain.seek_last(10), 2U);
  EXPECT_EQ(next(&chain), "c");
  EXPECT_EQ(chain.seek_last(1), 1U);
  EXPECT_EQ(chain.seek_last(0), 0U);
}

}  // namespace
}  // namespace dokku::server
