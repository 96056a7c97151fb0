#include "server/logs/keeper.h"

#include "base/log.h"
#include "server/logs/segments.h"

namespace dokku::server {

LogKeeper::LogKeeper(std::filesystem::path logs_dir, std::function<std::uint64_t()> budget,
                     Duration period, std::function<std::vector<DaemonLog>()> own)
    : logs_dir_(std::move(logs_dir)),
      budget_(std::move(budget)),
      period_(period),
      own_(std::move(own)) {
  thread_ = std::thread([this] { keep(); });
}

LogKeeper::~LogKeeper() {
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void LogKeeper::keep() {
  std::unique_lock hold(mutex_);
  while (!woken_.wait_for(hold, period_, [this] { return stopping_; })) {
    hold.unlock();
    const std::uint64_t budget = budget_();
    const Result<std::uint64_t> freed =
        budget == 0 ? Result<std::uint64_t>(0) : trim_logs(logs_dir_, budget);
    if (!freed) log::warn("trimming logs: " + freed.error().message());
    for (const DaemonLog& own : own_ ? own_() : std::vector<DaemonLog>()) {
      const Result<> cut = cut_daemon_log(own);
      if (!cut) log::warn(cut.error().message());
    }
    hold.lock();
  }
}

}  // namespace dokku::server
