#include "server/deploy/crash_points.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>

#include "base/check.h"
#include "base/io.h"
#include "base/log.h"

namespace dokku::server {

const std::vector<std::string_view>& CrashPoints::names() {
  static const std::vector<std::string_view> kNames = {
      // server/deploy
      "deploy.source-kept", "deploy.release-added", "deploy.built", "deploy.build-completed",
      "deploy.ready", "deploy.live-committed", "deploy.routes-switched", "deploy.old-forgotten",
      "deploy.failed-marked", "deploy.unchanged-recorded", "deploy.scaled", "deploy.stopped",
      "deploy.pruned-release", "deploy.torn-down-in-store", "deploy.torn-down-files",
      "deploy.rename-ready", "deploy.renamed-in-store", "deploy.renamed-files", "deploy.cloned",
      // server/platform: restore and import
      "restore.staged", "restore.placed", "restore.committed", "restore.finished",
      // what the deploy asks of others (crashing_parts.h)
      "containers.create", "containers.start", "containers.signal", "containers.remove",
      "images.compose", "images.tag", "images.remove", "networks.attach", "networks.detach",
      "networks.open-ports", "routes.put", "routes.remove", "routes.replace-all"};
  return kNames;
}

Result<> CrashPoints::arm(std::string_view at) {
  const auto colon = at.find(':');
  const std::string_view name = at.substr(0, colon);
  unsigned count = 1;
  if (colon != std::string_view::npos) {
    const std::string_view digits = at.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || end != digits.data() + digits.size() || count == 0) {
      return fail(Errc::invalid_argument, "not a count: " + std::string(digits));
    }
  }
  if (std::find(names().begin(), names().end(), name) == names().end()) {
    return fail(Errc::invalid_argument, "no crash point " + std::string(name));
  }
  armed_ = name;
  armed_count_ = count;
  return {};
}

void CrashPoints::look_into_file() {
  const Result<std::string> says = read_file(file_);
  const std::string at = says ? *says : std::string();
  if (at == file_said_) return;
  file_said_ = at;
  counts_.clear();
  armed_.clear();
  if (at.empty()) return;
  if (const Result<> armed = arm(at); !armed) log::warn(armed.error().message());
}

void CrashPoints::reached(std::string_view name) {
  if (armed_.empty() && file_.empty() && trace_fd_ < 0) return;
  CHECK(std::find(names().begin(), names().end(), name) != names().end());
  std::lock_guard hold(mutex_);
  if (!file_.empty()) look_into_file();
  const auto at = counts_.try_emplace(std::string(name), 0).first;
  const unsigned count = ++at->second;
  if (trace_fd_ >= 0) {
    const auto written =
        write_all(trace_fd_, std::string(name) + ":" + std::to_string(count) + "\n");
    static_cast<void>(written);
  }
  if (name == armed_ && count == armed_count_) ::kill(::getpid(), SIGKILL);
}

}  // namespace dokku::server
