#include "cli/output/report.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_session.h"

namespace dokku::cli {
namespace {

TEST(Report, AlignsAtThirtyOneOrTheLongestKey) {
  FakeSession session;
  Printer print(session, {});
  const ReportValues values = {{"git-sha", "abc"}, {"git-deploy.branch", ""}};
  ASSERT_TRUE(print_report(print, {"git", "git-", "blog", {}}, values));
  EXPECT_EQ(session.printed(),
            "=====> blog git information\n"
            "       Git deploy branch:             \n"
            "       Git sha:                       abc\n");
}

TEST(Report, JsonHasShortAndLongKeys) {
  FakeSession session;
  Printer print(session, {});
  ASSERT_TRUE(print_report(print, {"git", "git-", "blog", {}, "json"}, {{"git-sha", "a\"b"}}));
  EXPECT_EQ(session.printed(), "{\"git-sha\":\"a\\\"b\",\"sha\":\"a\\\"b\"}\n");
  EXPECT_FALSE(
      print_report(print, {"git", "git-", "blog", {"git-sha"}, "json"}, {{"git-sha", ""}}));
  EXPECT_FALSE(print_report(print, {"git", "git-", "blog", {}, "xml"}, {{"git-sha", ""}}));
}

TEST(Table, HasColumnsTwoSpacesApart) {
  EXPECT_EQ(table({{"NAME", "STATE"}, {"run.1", "up"}}),
            (std::vector<std::string>{"NAME   STATE", "run.1  up"}));
}

TEST(Fitted, CutsByCharactersNotBytes) {
  EXPECT_EQ(fitted("abcdef", 6), "abcdef");
  EXPECT_EQ(fitted("abcdef", 5), "abcd…");
  EXPECT_EQ(fitted("äöüäöü", 4), "äöü…");
  EXPECT_EQ(fitted("", 5), "");
  EXPECT_EQ(fitted("abc", 1), "…");
}

TEST(PrinterTable, FitsATerminalAndIsWholeElsewhere) {
  const std::vector<std::vector<std::string>> rows{{"NAME", "COMMAND"}, {"run.1", "python3 x.py"}};
  FakeSession narrow;
  narrow.terminal_.stdout_is_terminal = true;
  narrow.terminal_.columns = 14;
  Printer(narrow, {}).table(rows);
  EXPECT_EQ(narrow.printed(), "NAME   COMMAND\nrun.1  python…\n");
  FakeSession pipe;
  pipe.terminal_.columns = 14;
  Printer(pipe, {}).table(rows);
  EXPECT_EQ(pipe.printed(), "NAME   COMMAND\nrun.1  python3 x.py\n");
}

TEST(PrinterTime, IsForPeopleOnATerminalOnly) {
  FakeSession person;
  person.terminal_.stdout_is_terminal = true;
  const WallTime now{std::chrono::seconds(240)};
  EXPECT_EQ(Printer(person, {}).time(WallTime{}, now), "4 minutes ago");
  FakeSession program;
  EXPECT_EQ(Printer(program, {}).time(WallTime{}, now), "1970-01-01T00:00:00Z");
}

TEST(PrinterBatch, KeepsTheOrderOfBothStreams) {
  class Joined : public FakeSession {
   public:
    std::string all;
    int pieces = 0;
    void out(std::string_view bytes) override { all += bytes, ++pieces; }
    void err(std::string_view bytes) override { all += bytes; }
  };
  Joined session;
  Printer print(session, {});
  {
    const PrinterBatch batch(print);
    print.line("1");
    print.line("2");
    {
      const PrinterBatch inner(print);
      print.line("3");
    }
    EXPECT_EQ(session.pieces, 0);
    print.warn("4");
    print.line("5");
  }
  EXPECT_EQ(session.all, "1\n2\n3\n !     4\n5\n");
  EXPECT_EQ(session.pieces, 2);
}

}  // namespace
}  // namespace dokku::cli
