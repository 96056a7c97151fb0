#include "server/logs/segments.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(SegmentName, IsReadBack) {
  const char* name = "01700000000000000000-blog.web.1.r12.000042.log";
  const std::optional<Segment> segment = parse_segment_name("/logs/blog/web.1", name);
  ASSERT_TRUE(segment.has_value());
  EXPECT_EQ(segment->chain, "01700000000000000000-blog.web.1.r12");
  EXPECT_EQ(segment->sequence, 42U);
  EXPECT_EQ(segment->path(), std::filesystem::path("/logs/blog/web.1") / name);
}

TEST(SegmentName, NothingElseIsOne) {
  for (const char* name :
       {"", "limits", "x.log", "01700000000000000000-.000001.log",
        "0170000000000000000-blog.web.1.000001.log", "01700000000000000000-blog.web.1.00001.log",
        "01700000000000000000-blog.web.1.00000x.log",
        "01700000000000000000-blog.web.1.000001.txt"}) {
    EXPECT_FALSE(parse_segment_name("/", name).has_value()) << name;
  }
}

TEST(LogRecord, IsTakenApart) {
  const std::optional<Record> record =
      parse_record("2026-11-21T02:22:57.123456789Z e P half a line");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->time, "2026-11-21T02:22:57.123456789Z");
  EXPECT_EQ(record->stream, 'e');
  EXPECT_FALSE(record->whole);
  EXPECT_EQ(record->text, "half a line");
}

TEST(LogRecord, TornOrForeignIsNone) {
  for (const char* line :
       {"", "2026-11-21T02:22:57.123456789Z o", "a line of another file, long enough",
        "2026-11-21T02:22:57.123456789Z x F text"}) {
    EXPECT_FALSE(parse_record(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace dokku::server
