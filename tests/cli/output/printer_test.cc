#include "cli/output/printer.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_session.h"

namespace dokku::cli {
namespace {

TEST(Printer, MarksLinesAsDokkuDoes) {
  FakeSession session;
  Printer print(session, {});
  print.info1("step");
  print.info2("title");
  print.verbose("one\ntwo\n");
  print.exclaim("remark");
  print.warn("wrong\nand more");
  print.debug("hidden");
  print.line("bare");
  EXPECT_EQ(session.printed(),
            "-----> step\n=====> title\n       one\n       two\n !     remark\nbare\n");
  EXPECT_EQ(session.complained(), " !     wrong\n !     and more\n");
}

TEST(Printer, QuietAndTrace) {
  FakeSession session;
  Printer print(session, {.quiet = true, .trace = true});
  print.info1_quiet("a");
  print.info2_quiet("b");
  print.verbose_quiet("c");
  print.info1("d");
  print.debug("e");
  EXPECT_EQ(session.printed(), "-----> d\n");
  EXPECT_EQ(session.complained(), " ?     e\n");
}

TEST(Printer, ColourIsForTerminalsThatWantIt) {
  FakeSession session;
  Printer print(session, {});
  EXPECT_FALSE(print.colour());
  session.terminal_.stdout_is_terminal = true;
  EXPECT_TRUE(print.colour());
  session.environment_["NO_COLOR"] = "1";
  EXPECT_FALSE(print.colour());
  session.environment_.clear();
  session.terminal_.term = "dumb";
  EXPECT_FALSE(print.colour());
}

}  // namespace
}  // namespace dokku::cli
