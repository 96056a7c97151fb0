#include "cli/client/pump.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "base/io.h"

namespace dokku::cli {
namespace {

// Runs a pump as its caller does, until it is no longer open.
void run(Pump& pump) {
  while (pump.state() == Pump::State::open) {
    pollfd one{pump.wants_output() ? pump.to() : pump.from(),
               static_cast<short>(pump.wants_output() ? POLLOUT : POLLIN), 0};
    ASSERT_EQ(::poll(&one, 1, 5000), 1);
    if (pump.wants_output()) {
      pump.write_once();
    } else {
      pump.read_once();
    }
  }
}

TEST(Pump, CopiesAllThroughASharedAndThroughAnOwnPipe) {
  for (const bool ours : {false, true}) {
    Result<Pipe> from = make_pipe();
    Result<Pipe> to = make_pipe();
    const std::string sent(3'000'000, 'x');
    std::thread writer([&] {
      EXPECT_TRUE(write_all(from->write.get(), sent).has_value());
      from->write.reset();
    });
    std::string got;
    std::thread reader([&] { got = *read_all(to->read.get(), 4'000'000); });
    Pump pump(from->read.get(), to->write.get(), ours);
    pump.preload("ahead ", 6);
    run(pump);
    to->write.reset();
    writer.join();
    reader.join();
    EXPECT_EQ(pump.state(), Pump::State::drained);
    EXPECT_EQ(got, "ahead " + sent);
  }
}

TEST(Pump, SaysThatNobodyReads) {
  ::signal(SIGPIPE, SIG_IGN);
  Result<Pipe> from = make_pipe();
  Result<Pipe> to = make_pipe();
  to->read.reset();
  Pump pump(from->read.get(), to->write.get(), true);
  ASSERT_TRUE(write_all(from->write.get(), "x").has_value());
  run(pump);
  EXPECT_EQ(pump.state(), Pump::State::refused);
}

}  // namespace
}  // namespace dokku::cli
