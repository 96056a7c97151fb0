#include "base/io.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>

namespace dokku {
namespace {

TEST(Io, ReadAllReturnsWhatWasWritten) {
  Pipe pipe = make_pipe().value();
  const std::string sent(200'000, 'x');  // more than a pipe holds
  std::thread writer([&] {
    EXPECT_TRUE(write_all(pipe.write.get(), sent));
    pipe.write.reset();
  });
  const Result<std::string> got = read_all(pipe.read.get(), sent.size());
  writer.join();
  EXPECT_EQ(got.value(), sent);
}

TEST(Io, ReadAllStopsAtItsLimit) {
  Pipe pipe = make_pipe().value();
  ASSERT_TRUE(write_all(pipe.write.get(), "12345"));
  pipe.write.reset();
  const Result<std::string> got = read_all(pipe.read.get(), 4);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Errc::limit_exceeded);
}

TEST(Io, ReadSomeSaysEndOfFile) {
  Pipe pipe = make_pipe().value();
  pipe.write.reset();
  char byte = 0;
  EXPECT_EQ(read_some(pipe.read.get(), &byte, 1).value(), 0U);
}

TEST(Io, PipesCloseOnExec) {
  const Pipe pipe = make_pipe().value();
  EXPECT_TRUE(::fcntl(pipe.read.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(pipe.write.get(), F_GETFD) & FD_CLOEXEC);
}

TEST(Io, AMissingFileIsNotFound) {
  const Result<std::string> got = read_file("/nonexistent/file");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Errc::not_found);
}

}  // namespace
}  // namespace dokku
