#include "server/deploy/running_builds.h"

#include <fcntl.h>
#include <unistd.h>

namespace dokku::server {

RunningBuilds::Entry::Entry(RunningBuilds& all, AppId app, const CancelToken& cancel)
    : all_(all), app_(app) {
  UniqueFd token(::fcntl(cancel.fd(), F_DUPFD_CLOEXEC, 0));
  const std::lock_guard hold(all_.mutex_);
  all_.running_[app_] = {std::move(token), ++all_.last_};
}

RunningBuilds::Entry::~Entry() {
  {
    const std::lock_guard hold(all_.mutex_);
    all_.running_.erase(app_);
  }
  all_.ended_.notify_all();
}

Result<> RunningBuilds::cancel(AppId app, Duration patience) {
  std::unique_lock hold(mutex_);
  const auto found = running_.find(app);
  if (found == running_.end()) return fail(Errc::not_found, "nothing is built");
  const std::uint64_t number = found->second.number;
  const std::uint64_t one = 1;
  if (::write(found->second.token.get(), &one, sizeof one) != sizeof one) {
    return fail_syscall("eventfd", errno);
  }
  const auto gone = [&] {
    const auto now = running_.find(app);
    return now == running_.end() || now->second.number != number;  // another has begun
  };
  if (!ended_.wait_for(hold, patience, gone)) {
    return fail(Errc::timed_out, "The build is told to end, and still runs");
  }
  return {};
}

}  // namespace dokku::server
