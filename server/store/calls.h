// Calls: what became of a command when the daemon died while it ran.
//
// Each client gives its call an id. The first write of a call leaves a row in its own transaction,
// so no row means that nothing was changed; whether what was asked for is done stands in the same
// transaction that makes it so. Costs no commit of its own. The newest kCallsMax are kept.
// Threads: a scope and the writes of its call are on one thread; notes are for the function that a
// Store::write runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/store/apps.h"

namespace dokku::server {

inline constexpr int kCallsMax = 1000;

// When a call is done as a whole.
enum class CallDone {
  with_first_write,  // one transaction is all it does
  when_noted,        // a transaction says so: note_call_done
  at_its_end         // several apps, one after the other: CallScope::finish
};

// While it lives, what its thread writes belongs to the call. Not nested (CHECK).
class CallScope {
 public:
  // An id that is empty or odd: nothing is recorded.
  CallScope(std::string id, CallDone when);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
  // A write, if there was any before.
  void finish(Store& store);

  struct Note {
    std::string id;
    CallDone when = CallDone::with_first_write;
    AppId app = AppId::global;
    std::uint64_t release = 0;  // the last one that the call added
    bool written = false;
    bool done = false;
  };

 private:
  Note note_;
};

// A new release: what is asked for now is that it goes live.
void note_call_release(AppId app, std::uint64_t release);
void note_call_done(bool done = true);

struct CallRecord {
  AppId app = AppId::global;
  std::uint64_t release = 0;  // 0: none
  bool done = false;
};
Result<std::optional<CallRecord>> find_call(const ReadTx& tx, const std::string& id);

}  // namespace dokku::server
