// Watchdog: tells systemd that commands are answered, for as long as they are.
//
// Asks as anybody would (`dokku version`), so a daemon whose threads all hang is not taken for
// alive. Called by dokkud once it serves; where no watchdog is set there is nothing to do.
// Threads: one of its own, ended by the destructor.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace dokku::server {

class Watchdog {
 public:
  struct Options {
    std::filesystem::path client;  // the program dokku
    std::filesystem::path command_socket;
    Duration period;             // silence for this long is the end
    std::function<void()> tell;  // that all is well
  };
  explicit Watchdog(Options options);
  ~Watchdog();

 private:
  void watch();
  bool answers() const;

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace dokku::server
