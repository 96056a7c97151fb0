// Stage "drain": the old processes finish their requests, then they are ended. In the background:
// the deploy is done. A daemon that dies meanwhile leaves it to its successor.
#include "base/log.h"
#include "server/deploy/health.h"
#include "server/deploy/pipeline.h"

namespace dokku::server {
namespace {

// When the store does not answer.
constexpr Duration kDrainLimit = std::chrono::seconds(60);

}  // namespace

void Pipeline::await_drained(const App& app, const std::vector<proxy::Target>& targets) {
  if (targets.empty()) return;
  const auto most = parts_.store.read([&](ReadTx& tx) { return wait_to_retire(tx, app.id); });
  const Result<> drained = parts_.proxy.wait_drained(targets, most ? *most : kDrainLimit);
  if (!drained && drained.error().code() != Errc::timed_out) {
    log::warn("waiting for requests to end: " + drained.error().message());
  }
}

void Pipeline::drain(const App& app, std::uint64_t release,
                     const std::vector<proxy::Target>& targets) {
  const auto forget = [this, name = app.name.str(), release] {
    parts_.executor.forget(name, release, {});
    parts_.crash_points.reached("deploy.old-forgotten");
  };
  // Mostly nothing is in flight, and then no thread is needed.
  const bool done =
      targets.empty() || parts_.proxy.wait_drained(targets, Duration::zero()).has_value();
  if (done) return forget();
  std::lock_guard hold(drains_mutex_);
  drains_.emplace_back([this, app, targets, forget] {
    await_drained(app, targets);
    forget();
  });
}

}  // namespace dokku::server
