#include "proxy/process/parent.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "proxy/control/hosts_file.h"
#include "proxy/control/packed.h"
#include "proxy/net/loop.h"
#include "proxy/process/parent_state.h"
#include "proxy/process/privileges.h"

namespace dokku::proxy::process {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDrainTime = 32s;         // the workers' own 30 s, and a little
constexpr Duration kRestartPause = 500ms;    // for a worker that keeps dying young

}  // namespace

void Pending::on_timer() { owner.on_late(*this); }

Result<> Parent::start() {
  raise_file_limit(options_.files);
  TRY(watch_signals());
  if (options_.take_over) {
    TRY(take_over());
  } else {
    if (!options_.control.empty()) {
      control_ = TRY(ControlServer::create(loop_, options_.control));
    }
    pid_file_ = TRY(PidFile::open(options_.pid_file));
  }
  TRY(open_own_ports());
  TRY(read_default_certificate());
  TRY(start_tls());
  if (!options_.snapshot.empty()) {
    TRY(make_folder_for(options_.snapshot.parent_path(), options_.user));
  }
  if (!options_.log_dir.empty()) TRY(make_folder_for(options_.log_dir, options_.user));
  if (!options_.user.empty()) TRY(become(options_.user));
  TRY(snapshot_.check_folder());
  if (options_.hosts.empty()) {
    load_snapshot();
  } else {
    TRY(load_hosts());
  }
  WorkerSlot::Owner& owner = *this;
  for (std::size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<WorkerSlot>(loop_, owner, i, options_.workers));
    start_worker(i);
  }
  log::info("serving port " + std::to_string(options_.http_port) + " with " +
            std::to_string(options_.workers) + " workers");
  return {};
}

// What was acknowledged is on disk before we go.
Result<> Parent::end() { return retired_ ? Result<>() : snapshot_.save(); }

Result<> Parent::open_own_ports() {
  if (!listeners_.has(options_.http_port)) TRY(listeners_.open(options_.http_port));
  table_.reserve(options_.http_port, /*tls=*/false);
  if (options_.https_port == 0) return {};
  if (!listeners_.has(options_.https_port)) TRY(listeners_.open(options_.https_port));
  table_.reserve(options_.https_port, /*tls=*/true);
  return {};
}

Result<> Parent::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return fail_syscall("signalfd", errno);
  return loop_.watch(signals_.get(), *this);
}

void Parent::on_events(std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGTERM) drain();
    if (info.ssi_signo == SIGINT) quit();
    if (info.ssi_signo == SIGUSR2) upgrade(0);
    if (info.ssi_signo == SIGHUP) logs_.reopen();
  }
}

void Parent::quit() {
  log::info("ending at once");
  ending_ = true;
  if (predecessor_) predecessor_->send({MessageKind::quit, 0, {}, {}});
  broadcast(MessageKind::quit, 0, "");
  loop_.stop();
}

// A snapshot that cannot be read must not keep the proxy from starting: the control plane will send
// the table anew.
void Parent::load_snapshot() {
  const Result<std::vector<Group>> groups = snapshot_.load();
  const Result<> loaded = groups ? table_.replace_all(*groups) : Result<>(Fail(groups.error()));
  if (!loaded) {
    return log::error("starting without routes, as the snapshot is of no use: " +
                      loaded.error().message());
  }
  snapshot_.replace_all(*groups);
  keys_.load(*groups);
  [[maybe_unused]] const auto opened = open_ports(*groups, /*all_or_none=*/false);
  log::info("routes of " + std::to_string(groups->size()) + " apps from the snapshot");
}

// Without them there is nothing to do, so unlike a snapshot they must be right.
Result<> Parent::load_hosts() {
  const std::string text = TRY(read_file(options_.hosts, kControlFrameBytesMax));
  const std::vector<Group> groups = TRY(decode_hosts(text));
  TRY(table_.replace_all(groups));
  snapshot_.replace_all(groups);
  log::info(std::to_string(groups.size()) + " hosts from " + options_.hosts.string());
  return {};
}

void Parent::start_worker(std::size_t slot) {
  const Result<> started = workers_[slot]->start();
  if (!started) {
    log::error("worker " + std::to_string(slot) + ": " + started.error().message());
    to_restart_.insert(slot);
    loop_.timers().set(*this, loop_.now() + kRestartPause);
    return;
  }
  // Listeners come when it has its table: nobody must be told that his app is unknown.
  unborn_.insert(slot);
  Pending& ready = expect(Pending::Kind::birth, 0);
  ready.slot = slot;
  ready.waiting = {slot};
  send_secrets(slot);
  if (logs_.on()) workers_[slot]->send({MessageKind::log, 0, {}, {}});
  workers_[slot]->send({MessageKind::table, ready.sequence, packed_table(), {}});
}

std::string Parent::packed_table() const {
  std::string bytes;
  pack_count(bytes, table_.size());
  table_.each([&](const Group& group) { pack_group(bytes, group); });
  return bytes;
}

void Parent::send_listeners(std::size_t slot, std::uint16_t port) {
  std::string payload = std::to_string(port);
  if (is_own(port)) payload += port == options_.https_port ? " own tls" : " own";
  for (UniqueFd& fd : listeners_.for_worker(port, slot)) {
    Message message{MessageKind::listen, 0, payload, {}};
    message.fds.push_back(std::move(fd));
    workers_[slot]->send(std::move(message));
  }
}

void Parent::on_death(std::size_t slot, const ExitStatus& status) {
  std::vector<std::uint64_t> waited_for;
  std::erase_if(pending_, [&](const auto& entry) {
    return entry.second->kind == Pending::Kind::birth && entry.second->waiting.contains(slot);
  });
  for (const auto& [sequence, pending] : pending_) {
    if (pending->waiting.contains(slot)) waited_for.push_back(sequence);
  }
  // What it had not confirmed it cannot get wrong any more; its requests are over.
  for (const std::uint64_t sequence : waited_for) confirmed(sequence, slot);
  if (ending_) return end_when_all_have_ended();
  log::error("worker " + std::to_string(slot) + " died (" +
             (status.signal ? "signal " + std::to_string(*status.signal)
                            : "status " + std::to_string(status.code.value_or(0))) +
             "), starting another");
  if (!workers_[slot]->keeps_dying()) return start_worker(slot);
  to_restart_.insert(slot);
  loop_.timers().set(*this, loop_.now() + kRestartPause);
}

bool Parent::none_alive() const {
  return std::none_of(workers_.begin(), workers_.end(),
                      [](const auto& worker) { return worker->alive(); });
}

void Parent::on_timer() {
  if (ending_) {
    log::warn("requests were still under way after the drain time");
    return loop_.stop();
  }
  for (const std::size_t slot : std::exchange(to_restart_, {})) start_worker(slot);
}

void Parent::drain() {
  if (ending_ && !retired_) return;
  log::info("draining");
  ending_ = true;
  if (predecessor_) predecessor_->send({MessageKind::drain, 0, {}, {}});
  broadcast(MessageKind::drain, 0, "");
  listeners_.forget_all();
  loop_.timers().set(*this, loop_.now() + kDrainTime);
  end_when_all_have_ended();
}

// Whoever took over hears through us of those that we took over from.
void Parent::end_when_all_have_ended() {
  if (none_alive() && (!retired_ || !predecessor_)) loop_.stop();
}

Result<> run_parent(const ParentOptions& options) {
  const std::unique_ptr<Clock> clock = system_clock();
  const std::unique_ptr<net::Loop> loop = TRY(net::Loop::create(*clock));
  Parent parent(*loop, options);
  TRY(parent.start());
  loop->run();
  return parent.end();
}

}  // namespace dokku::proxy::process
