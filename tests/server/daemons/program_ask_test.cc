#include "server/daemons/program_ask.h"

#include <gmock/gmock.h>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Result<std::string> ask(const std::string& script, Duration limit = 20s) {
  return ask_program(
      {.program = "/bin/sh", .arguments = {"-c", script}, .environment = {"A=b"}, .limit = limit});
}

TEST(ProgramAsk, GivesWhatItSaidOnBothStreams) {
  EXPECT_EQ(ask("echo one; echo two >&2; echo $A").value(), "one\ntwo\nb\n");
}

TEST(ProgramAsk, AFailureHasItsLastLine) {
  const auto failed = ask("echo first; echo ' !     it is broken' >&2; exit 3");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "sh ended with status 3: it is broken");
  EXPECT_THAT(ask("kill -9 $$").error().message(), HasSubstr("ended with signal 9"));
}

TEST(ProgramAsk, OneThatHangsIsGivenUp) {
  const auto hung = ask("exec tail -f /dev/null", 50ms);
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code(), Errc::timed_out);
}

TEST(ProgramAsk, OneThatIsNotThereIsNamed) {
  const auto none = ask_program({.program = "/no/such/program"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), HasSubstr("/no/such/program"));
}

TEST(ProgramAsk, AGrandchildThatHoldsTheStreamsHoldsNobodyUp) {
  EXPECT_EQ(ask("tail -f /dev/null --pid=$$ & echo said").value(), "said\n");
}

}  // namespace
}  // namespace dokku::server
