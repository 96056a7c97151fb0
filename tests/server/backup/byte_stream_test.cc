#include "server/backup/byte_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "base/io.h"

namespace dokku::server {
namespace {

TEST(ByteStream, LargeWritesPassASmallPipe) {
  CancelToken cancel = *CancelToken::create();
  Pipe pipe = *make_pipe();
  const std::string bytes(1 << 20, 'b');
  std::thread writer([&] {
    FdSink sink(pipe.write.get(), cancel);
    EXPECT_TRUE(sink.write(bytes));
    EXPECT_EQ(sink.written(), bytes.size());
    pipe.write.reset();
  });
  FdSource source(pipe.read.get(), cancel);
  std::string back(bytes.size() + 1, '\0');
  const auto got = read_full(source, back.data(), back.size());
  writer.join();
  ASSERT_TRUE(got);
  EXPECT_EQ(back.substr(0, *got), bytes);
}

// Nobody reads and nobody closes: the person who cancels is heard.
TEST(ByteStream, AStalledReaderAndASilentWriterCanBeCancelled) {
  CancelToken cancel = *CancelToken::create();
  Pipe full = *make_pipe();
  Pipe silent = *make_pipe();
  std::thread writer([&] {
    FdSink sink(full.write.get(), cancel);
    const auto done = sink.write(std::string(1 << 20, 'b'));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::cancelled);
  });
  std::thread reader([&] {
    char byte = 0;
    const auto got = FdSource(silent.read.get(), cancel).read(&byte, 1);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::cancelled);
  });
  cancel.cancel();
  writer.join();
  reader.join();
}

TEST(ByteStream, AReaderThatIsGoneIsNamed) {
  ::signal(SIGPIPE, SIG_IGN);
  CancelToken cancel = *CancelToken::create();
  Pipe pipe = *make_pipe();
  pipe.read.reset();
  const auto done = FdSink(pipe.write.get(), cancel).write("x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message(), "Nobody reads the backup any more");
}

}  // namespace
}  // namespace dokku::server
