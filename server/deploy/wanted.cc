#include "server/deploy/wanted.h"

#include <algorithm>
#include <charconv>

#include "server/deploy/health.h"
#include "server/deploy/limits.h"
#include "server/deploy/scale_file.h"
#include "server/model/app_json.h"
#include "server/model/volume.h"
#include "server/store/config.h"
#include "server/store/formation.h"
#include "server/store/properties.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr const char* kRunning = "deploy.running";
constexpr const char* kWaiting = "deploy.waiting";
constexpr unsigned kStopSeconds = 30;

std::optional<std::uint64_t> number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

Result<> set_number(WriteTx& tx, AppId app, const char* name, std::optional<std::uint64_t> value) {
  std::optional<std::string> text;
  if (value) text = std::to_string(*value);
  return set_property(tx, app, name, text);
}

// Until the slowest check of web could have passed, the process may take to listen.
Duration ready_limit(const HealthChecks& checks, Duration least) {
  const auto web = checks.find("web");
  if (web == checks.end()) return least;
  for (const HealthCheck& check : web->second) least = std::max<Duration>(least, check.longest());
  return least;
}

// Only a policy that somebody chose leaves a process down.
Result<RestartPolicy> restart_policy(const ReadTx& tx, AppId app) {
  const std::string text = TRY(computed_property(tx, app, kRestartPolicy, ""));
  return parse_restart_policy(text).value_or(RestartPolicy{});
}

}  // namespace

Result<std::optional<std::uint64_t>> running_number(const ReadTx& tx, AppId app) {
  const std::optional<std::string> text = TRY(property(tx, app, kRunning));
  return number(text);
}

Result<> set_running_number(WriteTx& tx, AppId app, std::optional<std::uint64_t> running) {
  return set_number(tx, app, kRunning, running);
}

Result<std::optional<Release>> waiting_release(const ReadTx& tx, AppId app) {
  const std::optional<std::string> text = TRY(property(tx, app, kWaiting));
  const std::optional<std::uint64_t> waiting = number(text);
  if (!waiting) return std::optional<Release>();
  // A clone has the property of its model, and not this release.
  Result<Release> release = find_release(tx, app, *waiting);
  if (!release || release->state != ReleaseState::built) return std::optional<Release>();
  return std::optional<Release>(std::move(*release));
}

Result<> set_waiting_number(WriteTx& tx, AppId app, std::optional<std::uint64_t> waiting) {
  return set_number(tx, app, kWaiting, waiting);
}

std::uint16_t port_of(const Release& release) {
  return release.port == 0 ? kAppPort : release.port;
}

Result<std::optional<std::uint16_t>> served_port(const ReadTx& tx, AppId app) {
  const std::optional<std::uint64_t> running = TRY(running_number(tx, app));
  if (!running) return std::optional<std::uint16_t>();
  const Release release = TRY(find_release(tx, app, *running));
  return std::optional<std::uint16_t>(port_of(release));
}

Formation effective_formation(const Release& release, const Formation& asked) {
  Formation counts;
  Formation set = asked;
  for (const auto& [type, count] : formation_of_file(release)) set[type] = count;
  for (const auto& [type, command] : release.processes) {
    if (type == "release") continue;
    const bool starts = type == "web" || release.has_procfile || set.contains(type);
    counts[type] = starts ? wanted_count(set, type) : 0;
  }
  return counts;
}

Result<Environment> process_environment(const ReadTx& tx, AppId app, const Release& release) {
  Environment env = release.config_defaults;
  const ConfigValues config = TRY(merged_config_at(tx, app, release.config));
  for (const auto& [key, value] : config) env[key] = value;
  const std::string variable = TRY(computed_property(tx, app, "git.rev-env-var", "GIT_REV"));
  if (!variable.empty() && !release.revision.empty()) env.try_emplace(variable, release.revision);
  return env;
}

Formation fixed_formation(const Release& release) {
  if (const auto text = release.files.find("app.json"); text != release.files.end()) {
    const Result<AppJson> json = parse_app_json(text->second);
    if (json && !json->quantities.empty()) return json->quantities;
  }
  return formation_of_file(release);
}

Result<Formation> set_formation(const ReadTx& tx, AppId app, const Release& release) {
  Formation counts = TRY(load_formation(tx, app));
  const Formation fixed = fixed_formation(release);
  // The others are nobody's to scale any more: what was set before would run for ever.
  for (auto& [type, count] : counts) {
    if (!fixed.empty() && type != "web") count = 0;
  }
  for (const auto& [type, count] : fixed) counts[type] = count;
  return counts;
}

Result<std::vector<runtime::Mount>> storage_mounts(const ReadTx& tx, AppId app) {
  const auto lines = TRY(property(tx, app, kStorageMounts));
  std::vector<runtime::Mount> mounts;
  for (const Volume& volume : parse_volumes(lines.value_or(""))) {
    mounts.push_back({volume.host, volume.container, volume.read_only});
  }
  return mounts;
}

std::optional<RestartPolicy> parse_restart_policy(std::string_view text) {
  constexpr std::string_view kOnFailure = "on-failure";
  using Kind = RestartPolicy::Kind;
  if (text == "no") return RestartPolicy{Kind::never, 0};
  if (text == "always" || text == "unless-stopped") return RestartPolicy{Kind::always, 0};
  if (text == kOnFailure) return RestartPolicy{Kind::on_failure, 0};
  if (!text.starts_with("on-failure:")) return std::nullopt;
  const auto most = number(std::string(text.substr(kOnFailure.size() + 1)));
  if (!most || *most > 100'000) return std::nullopt;
  return RestartPolicy{Kind::on_failure, static_cast<unsigned>(*most)};
}

bool all_ready(const std::vector<InstanceSeen>& instances, const ReleaseWanted& wanted) {
  const auto is_ready = [&](const ProcessWanted& process) {
    const auto ready = std::count_if(instances.begin(), instances.end(), [&](const auto& seen) {
      return seen.release == wanted.release && seen.type == process.type &&
             seen.index <= process.count && seen.state == InstanceSeen::State::ready;
    });
    return static_cast<unsigned>(ready) == process.count;
  };
  return std::all_of(wanted.processes.begin(), wanted.processes.end(), is_ready);
}

Result<bool> is_restored(const ReadTx& tx, AppId app) {
  const std::string text = TRY(computed_property(tx, app, kRestore, "true"));
  return text != "false";
}

Result<bool> skips_deploy(const ReadTx& tx, AppId app) {
  const std::string text = TRY(computed_property(tx, app, kSkipDeploy, "false"));
  return text == "true";
}

Result<unsigned> stop_timeout(const ReadTx& tx, AppId app) {
  const std::string text =
      TRY(computed_property(tx, app, kStopTimeout, std::to_string(kStopSeconds)));
  return static_cast<unsigned>(number(text).value_or(kStopSeconds));
}

Result<ReleaseWanted> wanted_release(const ReadTx& tx, const App& app, const Release& release) {
  runtime::ImageRef image = TRY(runtime::ImageRef::parse(release.image_ref));
  ReleaseWanted wanted{.app = app.name.str(), .release = release.number, .image = std::move(image)};
  wanted.env = TRY(process_environment(tx, app.id, release));
  wanted.port = port_of(release);
  const Formation set = TRY(set_formation(tx, app.id, release));
  const unsigned stop_seconds = TRY(stop_timeout(tx, app.id));
  wanted.stop_grace = std::chrono::seconds(stop_seconds);
  wanted.mounts = TRY(storage_mounts(tx, app.id));
  wanted.restored = TRY(is_restored(tx, app.id));
  const CheckLists lists = TRY(check_lists(tx, app.id));
  const RestartPolicy restart = TRY(restart_policy(tx, app.id));
  // A release whose checks do not parse never went live; one from an older daemon runs on.
  const auto checks = startup_checks(tx, app, release);
  if (checks) wanted.ready_limit = ready_limit(*checks, wanted.ready_limit);
  const std::string start_command = TRY(computed_property(tx, app.id, kStartCommand, ""));
  for (const auto& [type, count] : effective_formation(release, set)) {
    Readiness readiness = type == "web" ? Readiness::listens : Readiness::runs;
    if (list_names(lists.disabled, type) || list_names(lists.skipped, type)) {
      readiness = Readiness::started;
    }
    ProcessWanted process{type, release.processes.at(type), count, readiness};
    if (type == "web" && !start_command.empty()) process.command = start_command;
    process.limits = TRY(process_limits(tx, app.id, type));
    process.restart = restart;
    wanted.processes.push_back(std::move(process));
  }
  return wanted;
}

Result<std::optional<ReleaseWanted>> wanted_now(const ReadTx& tx, const App& app) {
  const std::optional<std::uint64_t> running = TRY(running_number(tx, app.id));
  if (!running || app.stopped) return std::optional<ReleaseWanted>();
  const Release release = TRY(find_release(tx, app.id, *running));
  ReleaseWanted wanted = TRY(wanted_release(tx, app, release));
  return std::optional<ReleaseWanted>(std::move(wanted));
}

}  // namespace dokku::server
