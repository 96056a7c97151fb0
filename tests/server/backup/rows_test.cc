#include "server/backup/rows.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

const std::vector<std::string> kColumns{"id", "name", "value", "none"};
const std::vector<Row> kRows{
    {std::int64_t{1}, std::string("blog"), Bytes{std::string("a\0b", 3)}, std::monostate()},
    {std::int64_t{-7}, std::string(), Bytes{std::string(70'000, 'v')}, std::monostate()}};

std::string table() {
  std::string bytes = encode_columns(kColumns);
  for (const Row& row : kRows) bytes += encode_row(row);
  return bytes + encode_rows_end();
}

struct Read {
  std::vector<std::string> columns;
  std::vector<Row> rows;
  Result<> end;
};

Read read(std::string_view bytes, std::size_t piece) {
  Read read;
  RowReader reader(
      [&](const std::vector<std::string>& names) -> Result<> {
        read.columns = names;
        return {};
      },
      [&](Row row) -> Result<> {
        read.rows.push_back(std::move(row));
        return {};
      });
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    read.end = reader.feed(bytes.substr(at, piece));
    if (!read.end) return read;
  }
  read.end = reader.end();
  return read;
}

TEST(Rows, ComeBackWhateverThePieces) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4096}, std::size_t{1} << 20}) {
    const Read back = read(table(), piece == 1 ? 997 : piece);
    ASSERT_TRUE(back.end) << back.end.error().message();
    EXPECT_EQ(back.columns, kColumns);
    EXPECT_EQ(back.rows, kRows);
  }
}

TEST(Rows, AnEndInTheMiddleIsSeen) {
  const std::string bytes = encode_columns(kColumns) + encode_row(kRows[0]) + encode_rows_end();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read(std::string_view(bytes).substr(0, size), 1 << 20).end) << size;
  }
  EXPECT_FALSE(read(bytes + "x", 1 << 20).end);
}

TEST(Rows, ForeignBytesAreNamed) {
  const std::string columns = encode_columns({"id"});
  const auto why = [](const std::string& bytes) {
    const Read back = read(bytes, 1 << 20);
    return back.end ? std::string("read") : back.end.error().message();
  };
  EXPECT_EQ(why(std::string("\0\0", 2)), "The backup's rows: no table has so many columns");
  EXPECT_EQ(why(columns + "\x07"), "The backup's rows: no row begins here");
  EXPECT_EQ(why(columns + "\x01\x09"), "The backup's rows: a value of no known kind");
  EXPECT_EQ(why(columns + "\x01\x02\xff\xff\xff\xff"), "The backup's rows: a value is too long");
}

}  // namespace
}  // namespace dokku::server
