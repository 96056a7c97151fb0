#include "server/platform/events.h"

#include <utility>

#include "base/log.h"
#include "server/model/app_name.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr const char* kReads = "events.reads";
constexpr std::size_t kWaitingMax = 256;
constexpr auto kFollowPause = std::chrono::milliseconds(250);
constexpr int kScopedReadMax = 10'000;

}  // namespace

Events::~Events() { write(std::move(waiting_)); }

Event Events::stamped(const Entry& entry) const {
  return {0,
          clock_.wall(),
          entry.who,
          entry.command,
          printable(entry.app),
          printable(entry.detail),
          entry.status,
          std::chrono::duration_cast<std::chrono::microseconds>(entry.took)};
}

void Events::write(std::vector<Event> events) {
  if (events.empty()) return;
  const Result<> done = store_.write([&](WriteTx& tx) -> Result<> {
    for (const Event& event : events) TRY(add_event(tx, event));
    return {};
  });
  if (!done) log::warn("events: " + events.back().command + ": " + done.error().message());
  changed_.notify_all();
}

void Events::record(const std::vector<Entry>& entries) {
  std::vector<Event> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(waiting_);
  }
  for (const Entry& entry : entries) all.push_back(stamped(entry));
  write(std::move(all));
}

void Events::record_soon(const Entry& entry) {
  std::vector<Event> full;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(stamped(entry));
    if (waiting_.size() >= kWaitingMax) full.swap(waiting_);
  }
  if (full.empty()) {
    changed_.notify_all();
  } else {
    write(std::move(full));
  }
}

Result<> Events::set_reads(bool on) {
  TRY(store_.write([&](WriteTx& tx) {
    return set_property(tx, AppId::global, kReads,
                        on ? std::optional<std::string>("true") : std::nullopt);
  }));
  const std::lock_guard lock(mutex_);
  reads_ = on;
  return {};
}

bool Events::reads() {
  {
    const std::lock_guard lock(mutex_);
    if (reads_) return *reads_;
  }
  const Result<std::optional<std::string>> stored =
      store_.read([](ReadTx& tx) { return property(tx, AppId::global, kReads); });
  const std::lock_guard lock(mutex_);
  if (!reads_) reads_ = stored && *stored == "true";
  return *reads_;
}

Result<std::vector<Event>> Events::recent(const EventQuery& query, const AppScope& scope) {
  record({});  // what waits
  if (scope.all() || !query.app.empty()) {
    if (!scope.sees(query.app)) return std::vector<Event>();
    return store_.read([&](ReadTx& tx) { return recent_events(tx, query); });
  }
  EventQuery wide = query;
  wide.count = kScopedReadMax;
  std::vector<Event> events = TRY(store_.read([&](ReadTx& tx) { return recent_events(tx, wide); }));
  std::erase_if(events,
                [&](const Event& event) { return event.app.empty() || !scope.sees(event.app); });
  const auto excess = static_cast<std::ptrdiff_t>(events.size()) - query.count;
  if (excess > 0) events.erase(events.begin(), events.begin() + excess);
  return events;
}

bool Events::wait_for_more(const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kFollowPause);
  return !cancel.cancelled();
}

}  // namespace dokku::server
