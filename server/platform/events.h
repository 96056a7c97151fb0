// Events: the audit log of commands. Who, what, when, how it ended; keys, never values.
//
// What changes something is on the disk before its client hears of the end. What only looks is
// recorded when it reads secrets, or after `events:on`; it waits in memory for the next write, so
// that looking costs no disk: the last of them may be lost in a crash. The store keeps the newest
// kEventsMax. Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "server/model/key_role.h"
#include "server/store/events.h"

namespace dokku::server {

class Events {
 public:
  Events(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  ~Events();

  struct Entry {
    std::string who, command, app, detail;
    int status = 0;
    Duration took{};
  };
  // A failure is logged: a command that was done is not undone for want of its entry.
  void record(const std::vector<Entry>& entries);
  // For what only looks.
  void record_soon(const Entry& entry);

  // Also what only looks: `events:on`. Stays over restarts.
  Result<> set_reads(bool on);
  bool reads();

  // Of the apps in `scope`; one with a scope does not see what concerns no app.
  Result<std::vector<Event>> recent(const EventQuery& query, const AppScope& scope = {});
  // Blocks until there may be something newer than the last `recent`, a while at most. false:
  // cancelled.
  bool wait_for_more(const CancelToken& cancel);

 private:
  void write(std::vector<Event> events);
  Event stamped(const Entry& entry) const;

  Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> waiting_;  // at most kWaitingMax
  std::optional<bool> reads_;   // read from the store once
};

}  // namespace dokku::server
