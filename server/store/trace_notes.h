// How statements are counted for a StoreTrace. Private to server/store.
#pragma once

#include <optional>
#include <string_view>

#include "server/store/trace.h"

namespace dokku::server {

// For the time of a read or write that this thread asked for. Without a trace it does nothing.
class DeedUnderWay {
 public:
  explicit DeedUnderWay(bool changes);
  ~DeedUnderWay();
  DeedUnderWay(const DeedUnderWay&) = delete;
  DeedUnderWay& operator=(const DeedUnderWay&) = delete;
  // Where the statements are noted; null: nowhere. For the writer's thread, while we wait.
  StoreDeed* notes() { return deed_ ? &*deed_ : nullptr; }

 private:
  std::optional<StoreDeed> deed_;
  TimePoint from_{};
};

// For the time that a job runs on this thread: its statements go to `deed`, which may be null.
class NotingStatements {
 public:
  explicit NotingStatements(StoreDeed* deed);
  ~NotingStatements();
  NotingStatements(const NotingStatements&) = delete;
  NotingStatements& operator=(const NotingStatements&) = delete;

 private:
  StoreDeed* before_;
};

void note_statement(std::string_view sql);

}  // namespace dokku::server
