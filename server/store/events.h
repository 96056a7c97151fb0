// Events: who did what and when. Keys of config, never values. Append-only; the oldest go when
// there are more than kEventsMax.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/store/store.h"

namespace dokku::server {

inline constexpr int kEventsMax = 100'000;

struct Event {
  std::int64_t id = 0;  // given by the store
  WallTime at{};
  std::string who;      // a key's name, or a unix user
  std::string command;  // "config:set"
  std::string app;      // may be empty; text, since it outlives the app
  std::string detail;   // which keys, domains, counts; never a value
  int status = 0;       // how the command ended
  std::chrono::microseconds took{};
};

Result<> add_event(WriteTx& tx, const Event& event);

struct EventQuery {
  int count = 100;         // the newest, oldest of them first
  std::string app = {};    // empty: all
  std::int64_t after = 0;  // newer than this id only
};
Result<std::vector<Event>> recent_events(const ReadTx& tx, const EventQuery& query);

}  // namespace dokku::server
