#include "server/daemons/upgrade_world.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <system_error>
#include <utility>

#include "base/io.h"
#include "server/daemons/port_ask.h"
#include "server/daemons/program_ask.h"
#include "server/daemons/program_check.h"
#include "server/daemons/proxy_ask.h"
#include "server/daemons/running.h"
#include "server/daemons/socket_owner.h"
#include "server/model/upgrade_record.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration kProxyTrial = 5s;
constexpr Duration kTakeOverLimit = 22s;  // the running proxy gives up before
constexpr const char* kPath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

// The first number of the file; 0: there is none.
pid_t number_in(const fs::path& file) {
  const std::string text = read_file(file).value_or("");
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

bool systemd_runs() {
  std::error_code error;
  return fs::exists("/run/systemd/system", error);
}

// 0: the unit has none now.
pid_t main_pid_of(const std::string& unit) {
  const Result<std::string> said =
      ask_program({.program = "/bin/systemctl",
                   .arguments = {"show", "--property=MainPID", "--value", unit},
                   .environment = {kPath}});
  pid_t pid = 0;
  if (said) std::from_chars(said->data(), said->data() + said->size(), pid);
  return pid;
}

class Machine final : public UpgradeWorld {
 public:
  Machine(const UpgradePlace& place, KeptBy keeper, std::function<void(const std::string&)> tell)
      : place_(place), keeper_(keeper), tell_(std::move(tell)) {}

  Result<> check(const std::string& version) override {
    const fs::path programs = place_.versions.path_of(version);
    TRY(check_programs(programs));
    TRY(facts_of(programs));
    tell("-----> Trying the proxy of " + version + " beside the running one");
    return try_proxy_beside(programs, place_.instance.run_dir / "upgrade-trial", kProxyTrial);
  }

  Result<> note(const UpgradeRecord& record) override { return record.save(place_.instance); }

  Result<> lead_to(const std::string& version) override {
    std::error_code ignored;
    fs::remove(trouble_file(place_.instance), ignored);
    fs::remove(way_back_file(place_.instance), ignored);
    return place_.versions.lead_to(version);
  }

  bool has(Part part) override { return part != Part::supervisor || keeper_ == KeptBy::supervisor; }

  Sight look(Part part) override {
    Sight sight;
    if (keeper_ == KeptBy::units) {
      sight.pid = main_pid_of(part == Part::proxy ? "dokku-proxy.service" : "dokku.service");
      sight.runs = sight.pid != 0;
    } else {
      sight.pid = number_in(pid_file(part));
      sight.runs = Running::noted_in(pid_file(part)).has_value();
    }
    if (sight.runs) sight.version = place_.versions.version_of(sight.pid);
    return sight;
  }

  void ask_to_give_way(Part part) override { send(part, part == Part::dokkud ? SIGTERM : SIGUSR2); }
  Result<> hand_over_proxy() override {
    return upgrade_proxy(place_.instance.proxy_socket(), kTakeOverLimit);
  }
  void kill(Part part) override { send(part, SIGKILL); }

  Result<> start_supervisor() override {
    const Result<std::string> said =
        ask_program({.program = place_.instance.helpers_dir / "dokku-supervise",
                     .arguments = {"--config", place_.config_file.string(), "--start"},
                     .environment = {kPath},
                     .limit = 30s});
    if (!said) return Fail(said.error());
    return {};
  }

  Result<> probe(const std::string& version, pid_t dokkud) override {
    const pid_t owner = TRY(owner_of(place_.instance.command_socket()));
    if (owner != dokkud) {
      return fail(Errc::unavailable,
                  "another process answers on " + place_.instance.command_socket().string());
    }
    const Result<std::string> said =
        ask_program({.program = place_.versions.path_of(version) / "dokku",
                     .arguments = {"upgrade:probe"},
                     .environment = {"DOKKU_SOCKET=" + place_.instance.command_socket().string()}});
    if (!said) return fail(said.error().code(), "its probe: " + said.error().message());
    return {};
  }

  Result<> probe_proxy() override {
    if (port_serves_http(place_.instance.http_port)) return {};
    return fail(Errc::unavailable,
                "dokku-proxy does not serve on port " + std::to_string(place_.instance.http_port));
  }

  // It holds its lock, which it has to take anew, once it minds the daemons.
  Result<> probe_supervisor() override {
    const UniqueFd lock =
        TRY(open_file(place_.instance.run_dir / "dokku-supervise.lock", O_RDWR | O_CREAT, 0644));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) < 0) return {};
    return fail(Errc::unavailable,
                "nobody holds " + place_.instance.run_dir.string() + "/dokku-supervise.lock");
  }

  std::string last_words(Part part) override {
    if (part == Part::dokkud) {
      return last_line(read_file(trouble_file(place_.instance)).value_or(""));
    }
    if (keeper_ == KeptBy::units)
      return "see: dokku logs:platform " + std::string(program_of(part));
    const fs::path log = place_.daemon_logs_dir / (std::string(program_of(part)) + ".log");
    return last_line(read_file(log, 64U << 20).value_or(""));
  }

  std::string cost() override {
    return last_line(read_file(way_back_file(place_.instance)).value_or(""));
  }

  void tell(const std::string& line) override { tell_(line); }

  void pause(Duration time) override {
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    ::poll(nullptr, 0, static_cast<int>(whole));
  }

 private:
  fs::path pid_file(Part part) const {
    return place_.instance.run_dir / (std::string(program_of(part)) + ".pid");
  }

  // One that ends meanwhile is not told any more.
  void send(Part part, int number) {
    const Sight sight = look(part);
    if (!sight.runs) return;
    const Result<Running> running = Running::of(sight.pid);
    if (running) static_cast<void>(running->signal(number));
  }

  const UpgradePlace place_;
  const KeptBy keeper_;
  const std::function<void(const std::string&)> tell_;
};

}  // namespace

Result<KeptBy> kept_by(const UpgradePlace& place) {
  if (Running::noted_in(place.instance.run_dir / "dokku-supervise.pid")) return KeptBy::supervisor;
  if (systemd_runs()) {
    const pid_t pid = main_pid_of("dokku.service");
    if (pid != 0 && !place.versions.version_of(pid).empty()) return KeptBy::units;
  }
  return fail(Errc::conflict,
              "Nobody keeps the instance " + place.instance.name +
                  " running, so nobody would start the other programs. Type first:\n" +
                  (systemd_runs() && place.instance.name == "dokku"
                       ? "systemctl start dokku"
                       : (place.instance.helpers_dir / "dokku-supervise").string() + " --config " +
                             place.config_file.string() + " --start"));
}

std::unique_ptr<UpgradeWorld> upgrade_world(const UpgradePlace& place, KeptBy keeper,
                                            std::function<void(const std::string&)> tell) {
  return std::make_unique<Machine>(place, keeper, std::move(tell));
}

}  // namespace dokku::server
