#include "server/supervise/streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/io.h"

namespace dokku::server {
namespace {

class StreamsTest : public ::testing::Test {
 protected:
  StreamsTest() {
    char name[] = "/tmp/streams-test-XXXXXX";
    directory_ = std::filesystem::path(::mkdtemp(name)) / "one";
  }
  ~StreamsTest() override { std::filesystem::remove_all(directory_.parent_path()); }
  std::filesystem::path directory_;
};

TEST_F(StreamsTest, CarryBytesBothWaysAndLeaveNoNames) {
  auto fifos = StreamFifos::create(directory_, {});
  ASSERT_TRUE(fifos);
  auto in = open_file(fifos->stdio().in, O_RDONLY);
  auto out = open_file(fifos->stdio().out, O_WRONLY);
  ASSERT_TRUE(in && out);
  Streams ours = fifos->take();
  ASSERT_TRUE(write_all(ours.in.get(), "to the process"));
  ours.in.reset();
  EXPECT_EQ(*read_all(in->get(), 100), "to the process");
  ASSERT_TRUE(write_all(out->get(), "from it"));
  out->reset();
  EXPECT_EQ(*read_all(ours.out.get(), 100), "from it");
  { const StreamFifos gone = *std::move(fifos); }
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

TEST_F(StreamsTest, AReaderIsFoundAlsoAfterTheNameIsGone) {
  Streams ours;
  {
    auto fifos = StreamFifos::create(directory_, {.input = false, .terminal = true});
    ASSERT_TRUE(fifos);
    ours = fifos->take();
  }
  EXPECT_TRUE(has_reader_left(directory_));
  ours = {};
  EXPECT_FALSE(has_reader_left(directory_));
}

}  // namespace
}  // namespace dokku::server
