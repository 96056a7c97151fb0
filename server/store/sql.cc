#include "server/store/sql.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/io.h"
#include "server/store/trace_notes.h"

namespace dokku::server {
namespace {

constexpr int kBusyMillis = 10'000;  // another process holds the lock: a backup, a schema step

// The shared index of the log has no code of its own for it.
bool disk_is_full(sqlite3* database, int code) {
  return code == SQLITE_FULL || ((code & 0xff) == SQLITE_IOERR && database != nullptr &&
                                 sqlite3_system_errno(database) == ENOSPC);
}

Fail sql_fail(sqlite3* database, int code, std::string_view doing) {
  // As the kernel says it, whatever runs into it: people are told what to type in one place.
  if (disk_is_full(database, code)) {
    return fail(Errc::unavailable,
                std::string(doing) + ": No space left on device; nothing was changed");
  }
  // An app, in nearly all cases, that another caller destroyed since it was looked up.
  if (database != nullptr && sqlite3_extended_errcode(database) == SQLITE_CONSTRAINT_FOREIGNKEY) {
    return fail(Errc::not_found, std::string(doing) + ": what this belongs to is gone meanwhile");
  }
  const Errc errc = code == SQLITE_BUSY ? Errc::unavailable : Errc::internal;
  const char* why = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  return fail(errc, std::string(doing) + ": " + why);
}

}  // namespace

Statement::Statement(sqlite3* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      next_(other.next_),
      error_(other.error_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::note(int code) {
  if (code != SQLITE_OK && error_ == SQLITE_OK) error_ = code;
}

Statement& Statement::bind(std::int64_t value) {
  note(sqlite3_bind_int64(statement_, next_++, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  note(sqlite3_bind_text64(statement_, next_++, text.data() == nullptr ? "" : text.data(),
                           text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  note(sqlite3_bind_blob64(statement_, next_++, bytes.data() == nullptr ? "" : bytes.data(),
                           bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null() {
  note(sqlite3_bind_null(statement_, next_++));
  return *this;
}

Statement& Statement::bind(WallTime time) {
  return bind(std::int64_t{
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count()});
}

Statement& Statement::bind_value(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return bind(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return bind(std::string_view(*text));
  if (const auto* blob = std::get_if<Bytes>(&value)) return bind_blob(blob->value);
  return bind_null();
}

Result<bool> Statement::step() {
  if (error_ != SQLITE_OK) return sql_fail(nullptr, error_, "binding a value");
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sql_fail(database_, code, "the store");
}

Result<> Statement::run() {
  while (true) {
    const bool row = TRY(step());
    if (!row) return {};
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

WallTime Statement::time(int column) const {
  return WallTime(std::chrono::microseconds(integer(column)));
}

int Statement::columns() const { return sqlite3_column_count(statement_); }

// No table has a column of floating point numbers; one would travel as text.
Value Statement::value(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_NULL:
      return std::monostate();
    case SQLITE_INTEGER:
      return integer(column);
    case SQLITE_BLOB:
      return Bytes{text(column)};
    default:
      return text(column);
  }
}

std::string Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name == nullptr ? "" : name;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& file,
                                                     const std::string& vfs, Mode mode) {
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &database, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(database));
  if (code != SQLITE_OK) return sql_fail(database, code, "opening " + file);
  sqlite3_busy_timeout(database, kBusyMillis);
  // EXTRA: the log is synced at each commit, as with FULL; beyond it, the journal of the database's
  // first moment (before it has a log) cannot come back after a power cut and undo everything.
  // Values are secrets: what is deleted is overwritten.
  TRY(
      connection->execute("PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON;"
                          "PRAGMA secure_delete=ON; PRAGMA cache_size=-1024;"
                          "PRAGMA temp_store=MEMORY;"));
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : cache_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Result<Statement> Connection::prepare(std::string_view sql) {
  note_statement(sql);
  const auto [found, fresh] = cache_.try_emplace(std::string(sql), nullptr);
  if (fresh) {
    const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &found->second, nullptr);
    if (code != SQLITE_OK) {
      cache_.erase(found);
      return sql_fail(database_, code, "preparing a statement");
    }
  }
  CHECK(sqlite3_stmt_busy(found->second) == 0);  // one use of a statement at a time
  return Statement(database_, found->second);
}

Result<> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sql_fail(database_, code, "the store");
  return {};
}

Result<> Connection::copy_to(const std::string& file) {
  { const UniqueFd made = TRY(open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600)); }
  std::unique_ptr<Connection> copy = TRY(open(file, "", Mode::read_write));
  sqlite3_backup* backup = sqlite3_backup_init(copy->database_, "main", database_, "main");
  if (backup == nullptr) {
    return sql_fail(copy->database_, sqlite3_errcode(copy->database_), "copying the store");
  }
  // All in one step: a reader of a database with a log holds up no writer.
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) return sql_fail(copy->database_, code, "copying the store");
  return copy->execute("PRAGMA journal_mode=DELETE");
}

std::int64_t Connection::last_row() const { return sqlite3_last_insert_rowid(database_); }

int Connection::changes() const { return sqlite3_changes(database_); }

}  // namespace dokku::server
