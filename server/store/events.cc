#include "server/store/events.h"

#include <algorithm>

#include "server/store/sql.h"

namespace dokku::server {

Result<> add_event(WriteTx& tx, const Event& event) {
  {
    Statement insert = TRY(
        tx.connection().prepare("INSERT INTO events (at, who, command, app, detail, status, took) "
                                "VALUES (?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(event.at).bind(event.who).bind(event.command).bind(event.app).bind(event.detail);
    TRY(insert.bind(std::int64_t{event.status}).bind(std::int64_t{event.took.count()}).run());
  }
  Statement prune = TRY(tx.connection().prepare("DELETE FROM events WHERE id <= ?"));
  return prune.bind(tx.connection().last_row() - kEventsMax).run();
}

Result<std::vector<Event>> recent_events(const ReadTx& tx, const EventQuery& query) {
  Statement select = TRY(tx.connection().prepare(
      query.app.empty() ? "SELECT id, at, who, command, app, detail, status, took FROM events "
                          "WHERE ?1 = '' AND id > ?2 ORDER BY id DESC LIMIT ?3"
                        : "SELECT id, at, who, command, app, detail, status, took FROM events "
                          "WHERE app = ?1 AND id > ?2 ORDER BY id DESC LIMIT ?3"));
  select.bind(query.app).bind(query.after).bind(std::int64_t{query.count});
  std::vector<Event> events;
  TRY(each_row(select, [&](const Statement& row) -> Result<> {
    events.push_back({row.integer(0), row.time(1), row.text(2), row.text(3), row.text(4),
                      row.text(5), static_cast<int>(row.integer(6)),
                      std::chrono::microseconds(row.integer(7))});
    return {};
  }));
  std::reverse(events.begin(), events.end());
  return events;
}

}  // namespace dokku::server
