#include "server/store/store.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/log.h"
#include "server/store/call_notes.h"
#include "server/store/schema.h"
#include "server/store/sql.h"
#include "server/store/trace_notes.h"

namespace dokku::server {
namespace {

constexpr std::size_t kGroupMax = 64;        // jobs in one commit
constexpr std::size_t kQueueMax = 10'000;    // waiting writers; there are far fewer threads
constexpr std::size_t kIdleReadersMax = 16;  // connections kept for the next read

// One caller's write, on that caller's stack while it waits.
struct Job {
  const std::function<Result<>(WriteTx&)>* run = nullptr;
  CallScope::Note* call = nullptr;  // of the caller's thread, which waits
  StoreDeed* trace = nullptr;       // the same
  Result<> result;
  bool done = false;
};

// Which store's transaction this thread is in, to catch a call of `write` from inside.
thread_local int transaction_depth = 0;
thread_local Store::Moment* moment = nullptr;

class InTransaction {
 public:
  InTransaction() { ++transaction_depth; }
  ~InTransaction() { --transaction_depth; }
};

// An error of the job undoes the job alone, not its group.
Result<> run_in_savepoint(Connection& connection, const Job& job) {
  TRY(connection.execute("SAVEPOINT job"));
  WriteTx tx(connection);
  CallOnWriter call(job.call);
  const NotingStatements noting(job.trace);
  Result<> result = (*job.run)(tx);
  if (result) result = call.save(tx);
  if (!result) {
    call.forget();
    TRY(connection.execute("ROLLBACK TO job"));
  }
  TRY(connection.execute("RELEASE job"));
  return result;
}

void run_group(Connection& connection, const std::vector<Job*>& group) {
  const InTransaction inside;
  Result<> whole = connection.execute("BEGIN IMMEDIATE");
  if (whole) {
    for (Job* job : group) job->result = run_in_savepoint(connection, *job);
    whole = connection.execute("COMMIT");
  }
  if (whole) return;
  // Some errors (disk full) have rolled back already; then this fails, harmlessly.
  if (!connection.execute("ROLLBACK")) log::warn("store: transaction was rolled back by SQLite");
  for (Job* job : group) {
    if (job->result) job->result = Fail(whole.error());
  }
}

Result<std::string> dump_table(Connection& connection, const std::string& name) {
  std::vector<std::string> lines;
  Statement rows = TRY(connection.prepare("SELECT * FROM " + name));
  TRY(each_row(rows, [&](const Statement& row) -> Result<> {
    std::string line;
    for (int column = 0; column < row.columns(); ++column) {
      line += row.is_null(column) ? "NULL|" : row.text(column) + "|";
    }
    lines.push_back(line + "\n");
    return {};
  }));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace

struct Store::State {
  StoreOptions options;
  std::unique_ptr<Connection> writer;
  Guarded<std::vector<std::unique_ptr<Connection>>> idle_readers;

  std::mutex mutex;
  std::condition_variable queued;    // for the writer thread
  std::condition_variable finished;  // for callers
  std::deque<Job*> queue;            // guarded by mutex
  bool stopping = false;             // guarded by mutex
  std::thread thread;

  void write_until_stopped();
  Result<std::unique_ptr<Connection>> take_reader();
  void give_back(std::unique_ptr<Connection> reader);
};

void Store::State::write_until_stopped() {
  std::unique_lock lock(mutex);
  while (true) {
    queued.wait(lock, [&] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    const std::size_t size = std::min(queue.size(), kGroupMax);
    const std::vector<Job*> group(queue.begin(), queue.begin() + static_cast<long>(size));
    queue.erase(queue.begin(), queue.begin() + static_cast<long>(size));
    lock.unlock();
    run_group(*writer, group);
    lock.lock();
    for (Job* job : group) job->done = true;
    finished.notify_all();
  }
}

Result<std::unique_ptr<Connection>> Store::State::take_reader() {
  std::unique_ptr<Connection> reader;
  idle_readers.with([&](auto& idle) {
    if (idle.empty()) return;
    reader = std::move(idle.back());
    idle.pop_back();
  });
  if (reader != nullptr) return reader;
  return Connection::open(options.file, options.vfs, Connection::Mode::read_only);
}

void Store::State::give_back(std::unique_ptr<Connection> reader) {
  idle_readers.with([&](auto& idle) {
    if (idle.size() < kIdleReadersMax) idle.push_back(std::move(reader));
  });
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->writer = TRY(Connection::open(options.file, options.vfs, Connection::Mode::read_write));
  std::error_code ignored;  // secrets: nobody but the owner reads them
  std::filesystem::permissions(options.file, std::filesystem::perms(0600), ignored);
  TRY(state->writer->execute("PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=4194304"));
  TRY(bring_schema_up_to_date(*state->writer));
  std::unique_ptr<Store> store(new Store(std::move(state)));
  store->state_->thread =
      std::thread([state = store->state_.get()] { state->write_until_stopped(); });
  return store;
}

Store::~Store() {
  {
    const std::lock_guard hold(state_->mutex);
    state_->stopping = true;
  }
  state_->queued.notify_all();
  state_->thread.join();
}

Result<> Store::write_job(const std::function<Result<>(WriteTx&)>& job) {
  CHECK(transaction_depth == 0);
  if (moment != nullptr) moment->end();
  DeedUnderWay deed(true);
  Job mine{&job, note_of_this_call(), deed.notes(), {}, false};
  std::unique_lock lock(state_->mutex);
  if (state_->stopping || state_->queue.size() >= kQueueMax) {
    return fail(Errc::unavailable, "the store takes no writes now");
  }
  state_->queue.push_back(&mine);
  state_->queued.notify_one();
  state_->finished.wait(lock, [&] { return mine.done; });
  return std::move(mine.result);
}

Result<> Store::read_job(const std::function<Result<>(ReadTx&)>& job) {
  DeedUnderWay deed(false);
  const NotingStatements noting(deed.notes());
  if (moment != nullptr && &moment->store_ == this) return read_in_moment(*moment, job);
  std::unique_ptr<Connection> reader = TRY(state_->take_reader());
  const InTransaction inside;
  TRY(reader->execute("BEGIN"));
  ReadTx tx(*reader);
  Result<> result = job(tx);
  TRY(reader->execute("COMMIT"));
  state_->give_back(std::move(reader));
  return result;
}

// --- a moment

Store::Moment::Moment(Store& store) : store_(store) {
  CHECK(moment == nullptr);
  moment = this;
}

Store::Moment::~Moment() {
  moment = nullptr;
  end();
}

void Store::Moment::end() {
  if (reader_ == nullptr) return;
  std::unique_ptr<Connection> reader = std::move(reader_);
  // One that does not commit is closed with what it holds.
  if (reader->execute("COMMIT")) store_.state_->give_back(std::move(reader));
}

bool Store::first_in_moment(std::string_view what) {
  if (moment == nullptr || &moment->store_ != this) return true;
  return moment->done_.emplace(what).second;
}

Result<> Store::read_in_moment(Moment& now, const std::function<Result<>(ReadTx&)>& job) {
  const InTransaction inside;
  if (now.reader_ == nullptr) {
    std::unique_ptr<Connection> reader = TRY(state_->take_reader());
    TRY(reader->execute("BEGIN"));
    now.reader_ = std::move(reader);
  }
  ReadTx tx(*now.reader_);
  return job(tx);
}

Result<std::vector<std::string>> Store::check() {
  return read([](ReadTx& tx) -> Result<std::vector<std::string>> {
    std::vector<std::string> troubles;
    Statement pages = TRY(tx.connection().prepare("PRAGMA quick_check(5)"));
    TRY(each_row(pages, [&](const Statement& row) -> Result<> {
      if (row.text(0) != "ok") troubles.push_back(row.text(0));
      return {};
    }));
    Statement references = TRY(tx.connection().prepare("PRAGMA foreign_key_check"));
    TRY(each_row(references, [&](const Statement& row) -> Result<> {
      troubles.push_back("row " + row.text(1) + " of " + row.text(0) + " refers to no row of " +
                         row.text(2));
      return {};
    }));
    return troubles;
  });
}

Result<> Store::copy_to(const std::filesystem::path& file) {
  std::unique_ptr<Connection> reader = TRY(state_->take_reader());
  TRY(reader->copy_to(file));
  state_->give_back(std::move(reader));
  return {};
}

Result<std::string> Store::dump() {
  return read([](ReadTx& tx) -> Result<std::string> {
    std::vector<std::string> names;
    Statement tables = TRY(tx.connection().prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "ORDER BY name"));
    TRY(each_row(tables, [&](const Statement& row) -> Result<> {
      names.push_back(row.text(0));
      return {};
    }));
    std::string text;
    for (const std::string& name : names) {
      const std::string rows = TRY(dump_table(tx.connection(), name));
      text += "[" + name + "]\n" + rows;
    }
    return text;
  });
}

Result<> take_schema_back(const std::filesystem::path& file, int version) {
  std::unique_ptr<Connection> connection =
      TRY(Connection::open(file, "", Connection::Mode::read_write));
  return step_schema_back(*connection, version);
}

}  // namespace dokku::server
