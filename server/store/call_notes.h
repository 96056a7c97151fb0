// How a write takes its call along to the writer's thread. Private to server/store.
#pragma once

#include <optional>

#include "server/store/calls.h"

namespace dokku::server {

// Of this thread's scope; null: there is none.
CallScope::Note* note_of_this_call();

// For the time that a job of that call runs on the writer's thread. `job` may be null.
class CallOnWriter {
 public:
  explicit CallOnWriter(CallScope::Note* job);
  ~CallOnWriter();
  CallOnWriter(const CallOnWriter&) = delete;
  CallOnWriter& operator=(const CallOnWriter&) = delete;
  // The row, in the job's own transaction, after it succeeded.
  Result<> save(WriteTx& tx);
  // The job failed, and what it noted with it.
  void forget();

 private:
  CallScope::Note* note_;
  std::optional<CallScope::Note> before_;
};

}  // namespace dokku::server
