// WorkerSlot: the place of one worker process, as the parent sees it: alive, dead, or being
// replaced.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/process.h"
#include "base/result.h"
#include "proxy/net/loop.h"
#include "proxy/process/channel.h"

namespace dokku::proxy::process {

class WorkerSlot final {
 public:
  class Owner {
   public:
    virtual void on_message(std::size_t slot, Message message) = 0;
    virtual void on_death(std::size_t slot, const ExitStatus& status) = 0;

   protected:
    ~Owner() = default;
  };

  // The `index`th of `workers`.
  WorkerSlot(net::Loop& loop, Owner& owner, std::size_t index, std::size_t workers);
  ~WorkerSlot();

  // Executes this very program as a worker.
  Result<> start();
  bool alive() const { return process_.has_value(); }
  // Messages to a dead worker are dropped: the next one gets everything anew.
  void send(Message message);
  void kill();
  // A worker that died is started anew at once, unless those before it died young too.
  bool keeps_dying() const { return young_deaths_ >= kYoungDeathsMax; }

 private:
  static constexpr Duration kYoung = std::chrono::seconds(5);
  static constexpr int kYoungDeathsMax = 5;
  class Ears;  // watches channel and process; discarded with them

  void on_channel();
  void on_exit();

  net::Loop& loop_;
  Owner& owner_;
  std::size_t index_;
  std::size_t workers_;
  TimePoint started_at_{};
  int young_deaths_ = 0;
  std::optional<Process> process_;
  std::optional<Channel> channel_;
  std::unique_ptr<Ears> channel_ears_;
  std::unique_ptr<Ears> exit_ears_;
};

}  // namespace dokku::proxy::process
