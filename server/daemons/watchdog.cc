#include "server/daemons/watchdog.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "base/process.h"

namespace dokku::server {

Watchdog::Watchdog(Options options)
    : options_(std::move(options)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard hold(mutex_);
    ending_ = true;
  }
  wakes_.notify_all();
  thread_.join();
}

void Watchdog::watch() {
  std::unique_lock hold(mutex_);
  while (!ending_) {
    hold.unlock();
    if (answers()) {
      options_.tell();
    } else {
      log::warn("the watchdog's question was not answered");
    }
    hold.lock();
    wakes_.wait_for(hold, options_.period / 3, [this] { return ending_; });
  }
}

bool Watchdog::answers() const {
  ProcessSpec spec;
  spec.program = options_.client;
  spec.arguments = {"dokku", "version"};
  spec.environment = {"DOKKU_SOCKET=" + options_.command_socket.string()};
  Result<Process> client = Process::start(spec);
  if (!client) return false;
  const Result<ExitStatus> status = client->wait_for(options_.period / 3);
  return status && status->ok();
}

}  // namespace dokku::server
