#include "server/daemons/plan.h"

#include <initializer_list>

namespace dokku::server {
namespace {

constexpr const char* kSshd = "/usr/sbin/sshd";

struct Place {
  const Instance& instance;
  const Upkeep& upkeep;

  DaemonPlan plan(const std::string& name, const std::filesystem::path& program) const {
    DaemonPlan plan;
    plan.name = name;
    plan.program = program;
    plan.arguments = {program.string()};
    plan.log_file = upkeep.daemon_logs_dir / (name + ".log");
    plan.pid_file = instance.run_dir / (name + ".pid");
    return plan;
  }
};

void add(DaemonPlan& plan, std::initializer_list<std::string> words) {
  plan.arguments.insert(plan.arguments.end(), words);
}

DaemonPlan proxy_plan(const Place& place) {
  const Instance& instance = place.instance;
  DaemonPlan plan = place.plan("dokku-proxy", instance.helpers_dir / "dokku-proxy");
  plan.port = instance.http_port;
  add(plan, {"--http-port", std::to_string(instance.http_port)});
  if (instance.https_port != 0) add(plan, {"--https-port", std::to_string(instance.https_port)});
  add(plan, {"--control", instance.proxy_socket().string()});
  add(plan, {"--snapshot", place.upkeep.proxy_snapshot.string()});
  add(plan, {"--user", kProxyUser});
  add(plan, {"--pid-file", plan.pid_file.string()});
  add(plan, {"--log-dir", instance.proxy_logs_dir.string()});
  return plan;
}

DaemonPlan dokkud_plan(const Place& place, const std::filesystem::path& config_file) {
  DaemonPlan plan = place.plan("dokkud", place.instance.helpers_dir / "dokkud");
  plan.ready = DaemonPlan::Ready::answers;
  add(plan, {"--config", config_file.string()});
  return plan;
}

DaemonPlan sshd_plan(const Place& place) {
  DaemonPlan plan = place.plan("sshd", kSshd);
  plan.port = place.instance.ssh_port;
  add(plan, {"-D", "-e", "-f", place.upkeep.sshd_config.string()});
  return plan;
}

}  // namespace

std::vector<DaemonPlan> plans_of(const Instance& instance, const Upkeep& upkeep,
                                 const std::filesystem::path& config_file) {
  const Place place{instance, upkeep};
  std::vector<DaemonPlan> plans{proxy_plan(place), dokkud_plan(place, config_file)};
  if (!upkeep.sshd_config.empty()) plans.push_back(sshd_plan(place));
  return plans;
}

Result<DaemonPlan> plan_named(const std::vector<DaemonPlan>& plans, std::string_view name) {
  std::string known;
  for (const DaemonPlan& plan : plans) {
    if (plan.name == name) return plan;
    known += (known.empty() ? "" : ", ") + plan.name;
  }
  return fail(Errc::not_found, "no program " + std::string(name) + " here, but " + known);
}

}  // namespace dokku::server
