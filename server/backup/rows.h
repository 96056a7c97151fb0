// Rows of a table as bytes: how what is true of apps travels in a backup. No database file of a
// stranger's is ever opened.
//
//   table: u16 number of columns, each u8 length and name; then rows: u8 1, values; u8 0 ends
//   value: u8 0 nothing · 1, u64 whole number · 2 text or 3 bytes, u32 length, that many bytes
// Pure. Threads: one. Errors: invalid_argument names the fault; limit_exceeded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/model/row.h"

namespace dokku::server {

inline constexpr std::size_t kColumnsMax = 64;
inline constexpr std::size_t kValueBytesMax = 16 << 20;
inline constexpr std::size_t kRowBytesMax = 64 << 20;

std::string encode_columns(const std::vector<std::string>& names);
std::string encode_row(const Row& row);
std::string encode_rows_end();

// Takes the bytes of one table as they come, in pieces of any size.
class RowReader {
 public:
  using Columns = std::function<Result<>(const std::vector<std::string>&)>;
  using Each = std::function<Result<>(Row)>;
  RowReader(Columns columns, Each each) : columns_(std::move(columns)), each_(std::move(each)) {}

  Result<> feed(std::string_view bytes);
  // invalid_argument: it ended in the middle.
  Result<> end() const;

 private:
  Result<bool> step();
  Result<bool> take_columns();
  Result<bool> take_row();

  Columns columns_;
  Each each_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t width_ = 0;
  bool has_columns_ = false;
  bool ended_ = false;
};

}  // namespace dokku::server
