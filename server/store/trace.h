// StoreTrace: tells what a command reads and changes in the store, for --trace.
//
// While it lives, each read and write that its thread asks for is told when it is over: which
// tables, by how many statements, how long. Never a value: those are no part of a statement.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/clock.h"

namespace dokku::server {

struct StoreDeed {
  bool changes = false;
  std::set<std::string> tables;
  unsigned statements = 0;
  Duration took{};
};

class StoreTrace {
 public:
  // `on_deed` is called on this thread, outside of any transaction. One at a time per thread.
  explicit StoreTrace(std::function<void(const StoreDeed&)> on_deed);
  ~StoreTrace();
  StoreTrace(const StoreTrace&) = delete;
  StoreTrace& operator=(const StoreTrace&) = delete;

 private:
  friend class DeedUnderWay;
  std::function<void(const StoreDeed&)> on_deed_;
};

}  // namespace dokku::server
