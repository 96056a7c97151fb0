// Store: the one truth about apps, in SQLite.
//
// `write` and `read` run a function in a transaction. All writes go through one thread, which
// commits what has queued up meanwhile as a group: when `write` returns a value, it is on the disk
// (WAL, each commit synced), also after a power cut. A function that returns an error leaves
// nothing behind. What tables hold is offered as free functions, one file per aggregate: apps.h,
// config.h, domains.h, releases.h, formation.h, keys.h, properties.h, events.h, builds.h.
// Who reads a lot in many small reads holds a `Store::Moment` around them.
//
// Threads: any; calls block. Do not call `write` from inside `write` or `read` (CHECK).
// Errors: what the function returned; internal: SQLite's own, unavailable: disk full or stopping.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace dokku::server {

class Connection;  // server/store/sql.h

// A view of one moment. Valid in the function that got it only.
class ReadTx {
 public:
  explicit ReadTx(Connection& connection) : connection_(connection) {}
  ReadTx(const ReadTx&) = delete;
  ReadTx& operator=(const ReadTx&) = delete;
  Connection& connection() const { return connection_; }

 private:
  Connection& connection_;
};

class WriteTx : public ReadTx {
 public:
  using ReadTx::ReadTx;
};

struct StoreOptions {
  std::filesystem::path file;
  std::string vfs;  // SQLite VFS by name; empty: the system's. For crash tests.
};

class Store {
 public:
  // Creates the database when it is missing and takes schema steps that are. conflict: the file
  // was written by a newer version; the message says which and how to go back.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // f(WriteTx&) -> Result<T>. Runs on the writer thread while the caller waits.
  template <class F>
  auto write(F&& f) -> std::invoke_result_t<F, WriteTx&> {
    std::optional<std::invoke_result_t<F, WriteTx&>> result;
    Result<> done = write_job([&](WriteTx& tx) -> Result<> {
      result.emplace(f(tx));
      if (!*result) return Fail(result->error());
      return {};
    });
    if (!done) return Fail(std::move(done).error());
    return std::move(*result);
  }

  // f(ReadTx&) -> Result<T>. Runs on the caller's thread, beside writes and other reads.
  template <class F>
  auto read(F&& f) -> std::invoke_result_t<F, ReadTx&> {
    std::optional<std::invoke_result_t<F, ReadTx&>> result;
    Result<> done = read_job([&](ReadTx& tx) -> Result<> {
      result.emplace(f(tx));
      return {};
    });
    if (!done) return Fail(std::move(done).error());
    return std::move(*result);
  }

  // While it lives, reads of its thread share one transaction: a report over hundreds of apps costs
  // one begin and commit, and sees one moment. A write in between ends that moment, the next read
  // begins another. Not nested (CHECK); borrows the store.
  class Moment {
   public:
    explicit Moment(Store& store);
    ~Moment();
    Moment(const Moment&) = delete;
    Moment& operator=(const Moment&) = delete;

   private:
    friend class Store;
    void end();
    Store& store_;
    std::unique_ptr<Connection> reader_;  // null: no transaction has begun
    std::set<std::string, std::less<>> done_;
  };
  // Whether `what`, which holds for a whole moment, is still to be done in that of this thread.
  // Without a moment: always.
  bool first_in_moment(std::string_view what);

  // What is wrong with the file, one line each: pages, indexes, rows that refer to nothing. Reads
  // all of it, on a connection of the caller's.
  Result<std::vector<std::string>> check();
  // A whole database of this moment, as one file (0600) where there is none, while writes go on
  // (SQLite's online backup).
  Result<> copy_to(const std::filesystem::path& file);

  // Every row of every table as text, sorted: equal before and after means nothing changed.
  Result<std::string> dump();

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  Result<> write_job(const std::function<Result<>(WriteTx&)>& job);
  Result<> read_job(const std::function<Result<>(ReadTx&)>& job);
  Result<> read_in_moment(Moment& now, const std::function<Result<>(ReadTx&)>& job);
  std::unique_ptr<State> state_;
};

// Takes the database back to an older schema with the steps that it carries itself, for a return
// to an older version. The daemon must not run. invalid_argument: no way back to `version`.
Result<> take_schema_back(const std::filesystem::path& file, int version);
// What this program writes.
int schema_version();

}  // namespace dokku::server
