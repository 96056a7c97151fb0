#include "server/store/calls.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/store/call_notes.h"
#include "server/store/sql.h"

namespace dokku::server {
namespace {

constexpr std::size_t kIdBytesMax = 64;

thread_local CallScope::Note* call_of_this_thread = nullptr;
thread_local CallScope::Note* call_of_the_job = nullptr;

bool is_id(const std::string& id) {
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  return !id.empty() && id.size() <= kIdBytesMax && std::all_of(id.begin(), id.end(), plain);
}

}  // namespace

CallScope::CallScope(std::string id, CallDone when) {
  if (!is_id(id)) return;
  CHECK(call_of_this_thread == nullptr);
  note_.id = std::move(id);
  note_.when = when;
  call_of_this_thread = &note_;
}

CallScope::~CallScope() {
  if (!note_.id.empty()) call_of_this_thread = nullptr;
}

void CallScope::finish(Store& store) {
  if (!note_.written || note_.done) return;
  const Result<> done = store.write([&](WriteTx&) -> Result<> {
    call_of_the_job->done = true;
    return {};
  });
  if (!done) log::warn("calls: " + done.error().message());
}

void note_call_release(AppId app, std::uint64_t release) {
  if (call_of_the_job == nullptr) return;
  call_of_the_job->app = app;
  call_of_the_job->release = release;
  call_of_the_job->done = false;
}

void note_call_done(bool done) {
  if (call_of_the_job == nullptr || call_of_the_job->when != CallDone::when_noted) return;
  call_of_the_job->done = done;
}

Result<std::optional<CallRecord>> find_call(const ReadTx& tx, const std::string& id) {
  Statement select =
      TRY(tx.connection().prepare("SELECT app, release, done FROM calls WHERE id = ?"));
  const bool found = TRY(select.bind(id).step());
  if (!found) return std::optional<CallRecord>();
  CallRecord record;
  record.app = static_cast<AppId>(select.integer(0));
  record.release = static_cast<std::uint64_t>(select.integer(1));
  record.done = select.integer(2) != 0;
  return std::optional<CallRecord>(record);
}

// --- on the writer's thread

CallScope::Note* note_of_this_call() { return call_of_this_thread; }

CallOnWriter::CallOnWriter(CallScope::Note* job) : note_(job) {
  if (note_ != nullptr) before_ = *note_;
  call_of_the_job = note_;
}

CallOnWriter::~CallOnWriter() { call_of_the_job = nullptr; }

void CallOnWriter::forget() {
  if (note_ != nullptr) *note_ = *before_;
}

Result<> CallOnWriter::save(WriteTx& tx) {
  if (note_ == nullptr) return {};
  const bool first = !note_->written;
  note_->written = true;
  if (note_->when == CallDone::with_first_write) note_->done = true;
  const bool same = note_->release == before_->release && note_->done == before_->done;
  if (!first && same) return {};
  {
    Statement put = TRY(tx.connection().prepare(
        "INSERT INTO calls (id, app, release, done) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
        "SET app = excluded.app, release = excluded.release, done = excluded.done"));
    put.bind(note_->id).bind(static_cast<std::int64_t>(note_->app));
    put.bind(static_cast<std::int64_t>(note_->release));
    TRY(put.bind(std::int64_t{note_->done}).run());
  }
  if (!first) return {};
  Statement prune = TRY(
      tx.connection().prepare("DELETE FROM calls WHERE number <= last_insert_rowid() - ?"));
  return prune.bind(std::int64_t{kCallsMax}).run();
}

}  // namespace dokku::server
