#include "cli/commands/audit.h"

#include <mutex>
#include <optional>
#include <utility>

#include "cli/commands/access.h"

namespace dokku::cli {

// Both the handler's end and the process's must have come, in either order.
struct Audit::Record {
  server::Events& events;
  const Clock& clock;
  std::string who;
  std::string command;
  bool looks;
  bool reads_secrets;
  bool hidden;  // a tool's way of looking (completion) is of no interest to people
  TimePoint began;
  std::mutex mutex;
  std::optional<std::vector<AuditNote>> notes;
  std::optional<int> process_status;

  bool refused() const { return !notes->empty() && notes->front().detail == kRefused; }

  void write(int status) {
    if (looks && !reads_secrets && !refused() && (hidden || !events.reads())) return;
    std::vector<server::Events::Entry> entries;
    for (const AuditNote& note : *notes) {
      entries.push_back({who, command, note.app, note.detail, status, clock.now() - began});
    }
    if (!looks) return events.record(entries);
    for (const server::Events::Entry& entry : entries) events.record_soon(entry);
  }
};

Audit::Audit(Session& person, server::Platform& platform, const Command& command, std::string who)
    : ForwardingSession(person),
      record_(new Record{platform.events,
                         platform.clock,
                         std::move(who),
                         command.name,
                         only_looks(command),
                         command.access == Access::secrets,
                         command.hidden,
                         platform.clock.now(),
                         {},
                         {},
                         {}}) {}

void Audit::ended(int status, const std::vector<AuditNote>& notes) {
  const std::lock_guard lock(record_->mutex);
  record_->notes = notes.empty() ? std::vector<AuditNote>{{app_, ""}} : notes;
  if (later_ && !record_->process_status) return;
  record_->write(record_->process_status.value_or(status));
}

Finish Audit::finish_later() {
  later_ = true;
  return
      [record = record_, finish = inner_.finish_later()](int status, std::string_view last_words) {
        {
          const std::lock_guard lock(record->mutex);
          record->process_status = status;
          if (record->notes) record->write(status);
        }
        finish(status, last_words);
      };
}

}  // namespace dokku::cli
