#include "server/platform/upgrades.h"

#include <poll.h>

#include <memory>
#include <system_error>
#include <utility>

#include "base/io.h"
#include "proxy/control/client.h"
#include "server/daemons/version_folder.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr const char* kProbeProperty = "upgrade.probe";
constexpr int kLookAgainMs = 100;
constexpr Duration kSettledWithin = std::chrono::minutes(4);

}  // namespace

Upgrades::~Upgrades() {
  std::vector<std::thread> waiting;
  {
    const std::lock_guard hold(mutex_);
    ending_ = true;
    waiting = std::exchange(waiting_, {});
  }
  for (std::thread& one : waiting) one.join();
}

UpgradeStatus Upgrades::status() const {
  UpgradeStatus status;
  status.schema = schema_version();
  status.snapshots = list_snapshots(snapshots_dir());
  if (auto last = UpgradeRecord::load(instance_)) status.last = *std::move(last);
  const auto versions = VersionFolder::behind(instance_.helpers_dir);
  if (!versions) return status;
  status.running = versions->current();
  if (status.last && versions->has(status.last->previous)) status.previous = status.last->previous;
  return status;
}

Result<> Upgrades::probe() {
  const auto write = [](WriteTx& tx) -> Result<> {
    TRY(set_property(tx, AppId::global, kProbeProperty, "written"));
    return set_property(tx, AppId::global, kProbeProperty, std::nullopt);
  };
  TRY(store_.write(write));
  if (containers_ != nullptr) {
    const Result<std::string> version = containers_->version();
    if (!version) return Fail(Error(version.error()).while_("containerd does not answer"));
  }
  const auto groups = proxy::connect_route_control(instance_.proxy_socket())->list();
  if (!groups) return Fail(groups.error());
  return {};
}

Result<UpgradeUnderWay> Upgrades::start_rollback() {
  const UpgradeStatus now = status();
  if (now.last && now.last->under_way()) {
    return fail(Errc::conflict, "An upgrade is under way. See: dokku upgrade:status");
  }
  if (now.previous.empty()) {
    return fail(Errc::conflict, "There is no version to go back to: no upgrade was done yet");
  }
  Pipe out = TRY(make_pipe());
  Pipe err = TRY(make_pipe());
  ProcessSpec spec;
  spec.program = (instance_.helpers_dir / "dokku-supervise").string();
  spec.arguments = {"dokku-supervise", "--config", config_.string(), "--rollback"};
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.stdout_fd = out.write.get();
  spec.stderr_fd = err.write.get();
  spec.new_session = true;
  Process process = TRY(Process::start(spec));
  return UpgradeUnderWay{std::move(process), std::move(out.read), std::move(err.read)};
}

void Upgrades::when_ended(Process process, std::function<void(int)> tell) {
  const auto shared = std::make_shared<Process>(std::move(process));
  wait_elsewhere(
      [shared] {
        const Result<ExitStatus> status = shared->wait();
        return status ? status->shell_status() : 1;
      },
      std::move(tell));
}

void Upgrades::when_settled(std::function<void(int)> tell) {
  const auto settled = [this] {
    const TimePoint limit = std::chrono::steady_clock::now() + kSettledWithin;
    while (std::chrono::steady_clock::now() < limit) {
      const auto record = UpgradeRecord::load(instance_);
      if (!record) return 1;
      if (!record->under_way()) return record->state == UpgradeRecord::State::done ? 0 : 1;
      {
        const std::lock_guard hold(mutex_);
        if (ending_) return 1;
      }
      ::poll(nullptr, 0, kLookAgainMs);
    }
    return 1;
  };
  wait_elsewhere(settled, std::move(tell));
}

// A daemon that is replaced ends without a word meanwhile, and the client asks the next one.
void Upgrades::wait_elsewhere(std::function<int()> wait, std::function<void(int)> tell) {
  const std::lock_guard hold(mutex_);
  waiting_.emplace_back([wait = std::move(wait), tell = std::move(tell)] { tell(wait()); });
}

}  // namespace dokku::server
