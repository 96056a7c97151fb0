// Connection and Statement: SQLite as this module uses it. Private to server/store.
//
// Threads: a Connection belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/row.h"

struct sqlite3;
struct sqlite3_stmt;

namespace dokku::server {

// A prepared statement, borrowed from its connection's cache. Its death resets it. The first error
// of a bind is reported by `step`.
class Statement {
 public:
  Statement(sqlite3* database, sqlite3_stmt* statement);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();
  Statement& bind(WallTime time);  // microseconds since 1970

  // Whatever it is.
  Statement& bind_value(const Value& value);

  // True: there is a row.
  Result<bool> step();
  // Steps to the end.
  Result<> run();

  std::int64_t integer(int column) const;
  std::string text(int column) const;  // also for blobs
  bool is_null(int column) const;
  WallTime time(int column) const;
  int columns() const;
  Value value(int column) const;
  std::string column_name(int column) const;

 private:
  void note(int code);
  sqlite3* database_;
  sqlite3_stmt* statement_;
  int next_ = 1;
  int error_ = 0;
};

class Connection {
 public:
  enum class Mode { read_write, read_only };
  static Result<std::unique_ptr<Connection>> open(const std::string& file, const std::string& vfs,
                                                  Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `sql` must be a literal: its text is the key of the cache.
  Result<Statement> prepare(std::string_view sql);
  // Several statements without parameters and rows.
  Result<> execute(const std::string& sql);
  // The whole database into a new file (0600).
  Result<> copy_to(const std::string& file);
  std::int64_t last_row() const;
  int changes() const;

 private:
  explicit Connection(sqlite3* database) : database_(database) {}
  sqlite3* database_;
  std::unordered_map<std::string, sqlite3_stmt*> cache_;
};

// Steps to the end and calls `take(statement)` for each row; an error of `take` ends it.
template <class F>
Result<> each_row(Statement& statement, F&& take) {
  while (true) {
    const bool row = TRY(statement.step());
    if (!row) return {};
    TRY(take(statement));
  }
}

// All rows, each as `read(statement)` makes it a T.
template <class T, class F>
Result<std::vector<T>> collect(Statement& statement, F&& read) {
  std::vector<T> all;
  while (true) {
    const bool row = TRY(statement.step());
    if (!row) return all;
    T each = TRY(read(statement));
    all.push_back(std::move(each));
  }
}

}  // namespace dokku::server
