#include "server/deploy/health.h"

#include <algorithm>
#include <charconv>

#include "server/checks/http_probe.h"
#include "server/deploy/command_probe.h"
#include "server/model/app_json.h"
#include "server/store/config.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr const char* kAll = "_all_";
constexpr const char* kNone = "none";
constexpr const char* kWaitToRetireSeconds = "60";

unsigned number_or(const std::string& text, unsigned fallback) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

// As set by checks:set, else by the config variables of 2014.
Result<ChecksFileDefaults> file_defaults(const ReadTx& tx, AppId app, const ConfigValues& config) {
  ChecksFileDefaults defaults;
  const auto look = [&](const std::string& name, const char* variable,
                        unsigned fallback) -> Result<unsigned> {
    const auto old = config.find(variable);
    const std::string text =
        TRY(computed_property(tx, app, name, old == config.end() ? "" : old->second));
    const unsigned value = number_or(text, fallback);
    return std::min(value, static_cast<unsigned>(kCheckSecondsMax.count()));
  };
  const unsigned wait = TRY(look("checks.wait", "DOKKU_CHECKS_WAIT", 5));
  const unsigned timeout = TRY(look("checks.timeout", "DOKKU_CHECKS_TIMEOUT", 30));
  const unsigned attempts = TRY(look("checks.attempts", "DOKKU_CHECKS_ATTEMPTS", 5));
  defaults.wait = std::chrono::seconds(wait);
  defaults.timeout = std::chrono::seconds(std::max(timeout, 1U));
  defaults.attempts = std::clamp(attempts, 1U, kCheckAttemptsMax);
  return defaults;
}

Result<HealthChecks> declared_checks(const ReadTx& tx, const App& app, const Release& release) {
  HealthChecks checks;
  if (const auto text = release.files.find("app.json"); text != release.files.end()) {
    AppJson json = TRY(parse_app_json(text->second));
    checks = std::move(json.checks);
  }
  for (auto& [type, list] : checks) {
    std::erase_if(list, [](const HealthCheck& check) {
      return check.stage != HealthCheck::Stage::startup;
    });
  }
  const auto file = release.files.find("CHECKS");
  if (file == release.files.end() || !checks["web"].empty()) return checks;
  const ConfigValues config = TRY(merged_config_at(tx, app.id, release.config));
  const ChecksFileDefaults defaults = TRY(file_defaults(tx, app.id, config));
  checks["web"] = TRY(parse_checks_file(file->second, config, defaults));
  return checks;
}

// The first name of the app that is no pattern.
Result<std::string> host_of(const DeployParts& parts, const App& app) {
  const RouteSpec spec =
      TRY(parts.store.read([&](ReadTx& tx) { return parts.route_spec(tx, app); }));
  for (const std::string& name : spec.hosts) {
    if (name.find('*') == std::string::npos) return name;
  }
  return app.name.str();
}

std::unique_ptr<Probe> make_probe(const HealthRun& run, const InstanceSeen& seen,
                                  const HealthCheck& check, const std::string& host) {
  if (check.kind == HealthCheck::Kind::command) {
    return make_command_probe(run.parts.executor, seen, check);
  }
  HttpQuestion question{.address = seen.address,
                        .port = check.port == 0 ? seen.port : check.port,
                        .path = check.kind == HealthCheck::Kind::path ? check.path : ""};
  question.host = check.host.empty() ? host : check.host;
  question.https = check.https;
  question.headers = check.headers;
  question.content = check.content;
  return make_http_probe(std::move(question));
}

// What of an instance is being checked, and how it went.
struct Patient {
  const InstanceSeen* seen = nullptr;
  std::size_t left = 0;
  unsigned failed = 0;
  std::string first_failure;
};

class Ward {
 public:
  Ward(const HealthRun& run, std::string host) : run_(run), host_(std::move(host)) {}

  void admit(const InstanceSeen& seen, const std::vector<HealthCheck>& checks) {
    if (checks.empty()) return;
    Progress& progress = run_.progress;
    progress.step("Executing " + std::to_string(checks.size()) + " healthchecks");
    patients_[seen.name()] = {&seen, checks.size(), 0, {}};
    const auto age = std::chrono::duration_cast<Duration>(run_.parts.clock.wall() - seen.since);
    for (const HealthCheck& check : checks) {
      progress.detail("Running healthcheck name='" + check.name + "' " +
                      check.description(seen.port));
      tasks_.push_back({check, seen.name(), run_.parts.clock.now() - std::max(age, Duration{}),
                        [this, &seen, check] { return make_probe(run_, seen, check, host_); }});
    }
  }

  Result<std::optional<InstanceSeen>> work() {
    CheckWorld world{run_.parts.clock, run_.progress.cancel(), run_.interrupt_fd, run_.interrupted,
                     [this](const CheckTask& task, const CheckOutcome& outcome) {
                       note(task, outcome);
                     }};
    TRY(run_checks(tasks_, world));
    for (const auto& [name, patient] : patients_) {
      if (patient.failed == 0) continue;
      InstanceSeen failed = *patient.seen;
      failed.failure = {InstanceFailure::Kind::check_failed, 0, patient.first_failure,
                        "Try it again on what runs: dokku checks:run " + run_.app.name.str() + " " +
                            name,
                        patient.failed};
      return std::optional<InstanceSeen>(std::move(failed));
    }
    return std::optional<InstanceSeen>();
  }

 private:
  void note(const CheckTask& task, const CheckOutcome& outcome) {
    Patient& patient = patients_[task.subject];
    Progress& progress = run_.progress;
    const std::string name = "name='" + task.check.name + "'";
    if (outcome.passed) {
      progress.detail("Healthcheck succeeded " + name);
    } else {
      progress.warn("Failure in " + name + ": " + outcome.reason);
      if (!task.check.warn_only && patient.failed++ == 0) {
        patient.first_failure = "The check '" + task.check.name + "' (" +
                                task.check.description(patient.seen->port) + ") failed " +
                                std::to_string(outcome.attempts) + " times: " + outcome.reason;
      }
    }
    if (--patient.left > 0 || patient.failed > 0) return;
    progress.detail("All checks successful (" + task.subject + ")");
  }

  const HealthRun& run_;
  std::string host_;
  std::vector<CheckTask> tasks_;
  std::map<std::string, Patient> patients_;
};

}  // namespace

Result<CheckLists> check_lists(const ReadTx& tx, AppId app) {
  CheckLists lists;
  lists.disabled = TRY(computed_property(tx, app, kChecksDisabled, kNone));
  lists.skipped = TRY(computed_property(tx, app, kChecksSkipped, kNone));
  return lists;
}

bool list_names(const std::string& list, std::string_view type) {
  if (list == kAll) return true;
  std::string_view rest = list;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (rest.substr(0, comma) == type) return list != kNone;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

Result<std::chrono::seconds> wait_to_retire(const ReadTx& tx, AppId app) {
  const std::string text =
      TRY(computed_property(tx, app, kChecksWaitToRetire, kWaitToRetireSeconds));
  return std::chrono::seconds(number_or(text, 60));
}

Result<HealthChecks> startup_checks(const ReadTx& tx, const App& app, const Release& release) {
  HealthChecks checks = TRY(declared_checks(tx, app, release));
  const CheckLists lists = TRY(check_lists(tx, app.id));
  std::erase_if(checks, [&](const auto& entry) {
    return entry.second.empty() || list_names(lists.disabled, entry.first) ||
           list_names(lists.skipped, entry.first);
  });
  return checks;
}

Result<std::optional<InstanceSeen>> run_health_checks(const HealthRun& run,
                                                      const HealthChecks& checks,
                                                      const std::vector<InstanceSeen>& instances,
                                                      const std::set<std::string>& skip) {
  std::string host = TRY(host_of(run.parts, run.app));
  Ward ward(run, std::move(host));
  for (const InstanceSeen& seen : instances) {
    const auto of_type = checks.find(seen.type);
    if (of_type != checks.end() && !skip.contains(seen.name())) ward.admit(seen, of_type->second);
  }
  return ward.work();
}

}  // namespace dokku::server
