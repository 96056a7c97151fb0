#include "server/backup/members.h"

#include <gtest/gtest.h>

#include "tests/backups/strings.h"

namespace dokku::server {
namespace {

using testing::StringSink;
using testing::StringSource;

std::string written(const std::vector<testing::Member>& members) {
  StringSink sink;
  MemberWriter writer(sink);
  for (const testing::Member& member : members) {
    EXPECT_TRUE(writer.put(member.name, member.notes, member.bytes));
  }
  EXPECT_TRUE(writer.finish());
  return sink.bytes;
}

TEST(Members, AreReadPieceByPiece) {
  const std::string large(3 * kPieceBytesMax + 17, 'x');
  const std::string bytes = written({{"a", "n", large}, {"b", "", "small"}});
  StringSource source(bytes);
  MemberReader reader(source);
  const auto head = reader.next();
  ASSERT_TRUE(head && *head);
  EXPECT_EQ((*head)->name, "a");
  EXPECT_EQ((*head)->notes, "n");
  std::size_t seen = 0;
  for (;;) {
    const auto piece = reader.piece();
    ASSERT_TRUE(piece) << piece.error().message();
    if (piece->empty()) break;
    EXPECT_LE(piece->size(), kPieceBytesMax);
    seen += piece->size();
  }
  EXPECT_EQ(seen, large.size());
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.skip());
  const auto end = reader.next();
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_FALSE(*end);
}

TEST(Members, ASmallMemberIsNoLargeOne) {
  const std::string bytes = written({{"manifest", "", std::string(1000, 'm')}});
  StringSource source(bytes);
  MemberReader reader(source);
  ASSERT_TRUE(reader.next());
  const auto all = reader.all(999);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().message(), "The backup has a member that is too large (at manifest)");
}

TEST(Members, AMemberWithAnotherDigestIsNamed) {
  std::string bytes = written({{"volume/a", "", "aaaa"}, {"volume/b", "", "bbbb"}});
  bytes[bytes.find("bbbb")] = 'x';
  StringSource source(bytes);
  MemberReader reader(source);
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.skip());
  ASSERT_TRUE(reader.next());
  const auto skipped = reader.skip();
  ASSERT_FALSE(skipped);
  EXPECT_EQ(skipped.error().message(),
            "The backup was changed: a member has another digest (at volume/b)");
}

TEST(Members, AMemberLeftOutIsSeenAtTheEnd) {
  const std::string whole = written({{"a", "", "1"}, {"b", "", "2"}});
  const std::string one = written({{"a", "", "1"}});
  const std::size_t end = 1 + 8 + 32;
  const std::string without = one.substr(0, one.size() - end) + whole.substr(whole.size() - end);
  StringSource source(without);
  MemberReader reader(source);
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.skip());
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace dokku::server
