#include <unistd.h>

#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/notify.h"
#include "proxy/process/parent_state.h"

namespace dokku::proxy::process {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWorkerAnswerTime = 10s;  // a worker that applies no change is stuck: killed
// A whole table may be large and the machine busy: killed for that, the next worker would fare no
// better.
constexpr Duration kWorkerTableTime = 60s;
constexpr Duration kSaveGap = 250ms;  // between two writes of the snapshot

}  // namespace

void Parent::on_request(std::uint64_t connection, ControlRequest request) {
  const bool must_wait = successor_ && !retired_ && request.op != ControlOp::list;
  // Who takes over has the table of now; this one change is for it, unless it fails.
  if (must_wait) {
    deferred_.emplace_back(connection, std::move(request));
    return;
  }
  switch (request.op) {
    case ControlOp::upgrade:
      return upgrade(connection);
    case ControlOp::list:
      return control_->reply(connection, {{}, table_.groups()});
    case ControlOp::wait_drained: {
      Pending& pending = expect(Pending::Kind::drain, connection);
      const std::uint64_t sequence = pending.sequence;
      loop_.timers().set(pending, loop_.now() + request.limit);
      broadcast_to_all(MessageKind::watch, sequence, encode_targets(request.targets));
      if (pending.waiting.empty()) complete(sequence);
      return;
    }
    case ControlOp::traffic: {
      Pending& pending = expect(Pending::Kind::traffic, connection);
      const std::uint64_t sequence = pending.sequence;
      broadcast(MessageKind::report, sequence, request.key);
      if (pending.waiting.empty()) complete(sequence);
      return;
    }
    case ControlOp::hold:
    case ControlOp::release: {
      const auto* route = table_.find_key(request.key);
      if (route == nullptr) {
        return control_->reply(connection, {Error(Errc::not_found, "no app " + request.key), {}});
      }
      Group group = (*route)->group;
      group.settings.hold = request.op == ControlOp::hold;
      request.op = ControlOp::put;
      request.groups = {std::move(group)};
      [[fallthrough]];
    }
    default: {
      const Result<> changed = change(request, connection);
      if (!changed) control_->reply(connection, {changed.error(), {}});
      return;
    }
  }
}

// Opens what these groups want and is not open yet.
Result<std::vector<std::uint16_t>> Parent::open_ports(const std::vector<Group>& groups,
                                                      bool all_or_none) {
  std::vector<std::uint16_t> opened;
  for (const Group& group : groups) {
    for (const Listener& listener : group.listeners) {
      const std::uint16_t port = listener.port;
      if (listeners_.has(port)) continue;
      const Result<> open = listeners_.open(port);
      if (open) {
        opened.push_back(port);
      } else if (all_or_none) {
        for (const std::uint16_t other : opened) listeners_.forget(other);
        return Fail(open.error());
      } else {
        log::error(group.key + ": " + open.error().message());
      }
    }
  }
  return opened;
}

std::vector<std::uint16_t> Parent::unused_ports() const {
  std::vector<std::uint16_t> unused;
  for (const std::uint16_t port : listeners_.ports()) {
    if (!table_.uses_port(port)) unused.push_back(port);
  }
  return unused;
}

// The groups of a new table that differ from those of now, when nothing has come, gone or moved.
// The control plane sends the whole table whenever it begins, and mostly it is the same: with ten
// thousand groups all requests would wait for the workers to read them.
std::optional<std::vector<Group>> Parent::changed_groups(const std::vector<Group>& wanted) const {
  std::set<std::string_view> keys;
  std::vector<Group> changed;
  for (const Group& group : wanted) {
    const auto* now = table_.find_key(group.key);
    if (now == nullptr || !keys.insert(group.key).second) return std::nullopt;
    const Group& old = (*now)->group;
    if (group == old) continue;
    if (group.hosts != old.hosts || group.listeners != old.listeners) return std::nullopt;
    changed.push_back(group);
  }
  if (keys.size() != table_.size()) return std::nullopt;
  return changed;
}

Result<> Parent::change(const ControlRequest& request, std::uint64_t connection) {
  const bool put = request.op == ControlOp::put;
  const std::optional<std::vector<Group>> few = request.op == ControlOp::replace_all
                                                    ? changed_groups(request.groups)
                                                    : std::nullopt;
  TRY(admit_certificates(request));
  Result<std::vector<std::uint16_t>> ports = open_ports(request.groups, put);
  if (!ports) {
    sweep_certificates();
    return Fail(std::move(ports).error());
  }
  const std::vector<std::uint16_t>& opened = *ports;
  const Result<> changed = change_table(request);
  if (!changed) {
    sweep_certificates();
    for (const std::uint16_t port : opened) listeners_.forget(port);
    return changed;
  }
  for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
    if (unborn_.contains(slot)) continue;
    for (const std::uint16_t port : opened) send_listeners(slot, port);
  }
  Pending& pending = expect(Pending::Kind::change, connection);
  const std::uint64_t sequence = pending.sequence;
  pending.ports_to_close = unused_ports();
  for (const std::uint16_t port : pending.ports_to_close) {
    broadcast(MessageKind::unlisten, 0, std::to_string(port));
  }
  if (put) {
    broadcast_to_all(MessageKind::put, sequence, encode_groups(request.groups));
  } else if (request.op == ControlOp::remove) {
    broadcast_to_all(MessageKind::remove, sequence, request.key);
  } else if (!few) {
    loop_.timers().set(pending, loop_.now() + kWorkerTableTime);
    broadcast(MessageKind::table, sequence, packed_table());
    // Of another version, maybe.
    if (predecessor_) {
      predecessor_->send({MessageKind::replace_all, sequence, snapshot_.text(), {}});
    }
  } else if (!few->empty()) {
    broadcast_to_all(MessageKind::put, sequence, encode_groups(*few));
  } else {
    pending.waiting.clear();
  }
  sweep_certificates();
  // While the workers apply it. Their answers are read after this.
  save_soon();
  if (pending.waiting.empty()) complete(sequence);
  return {};
}

// The table here and the text of the snapshot.
Result<> Parent::change_table(const ControlRequest& request) {
  const std::vector<std::string> before = named_before(request);
  switch (request.op) {
    case ControlOp::put:
      TRY(table_.put(request.groups.front()));
      snapshot_.put(request.groups.front());
      break;
    case ControlOp::remove:
      table_.remove(request.key);
      snapshot_.remove(request.key);
      break;
    default:
      TRY(table_.replace_all(request.groups));
      snapshot_.replace_all(request.groups);
      break;
  }
  // The new names first: what both name stays.
  for (const Group& group : request.groups) keys_.count(named_certificates(group));
  keys_.discount(before);
  return {};
}

// The file is written whole: at once when changes are rare, else for many changes together.
void Parent::save_soon() {
  if (loop_.now() - saved_at_ >= kSaveGap) return save_now();
  loop_.timers().set(save_later_, saved_at_ + kSaveGap);
}

void Parent::save_now() {
  loop_.timers().clear(save_later_);
  saved_at_ = loop_.now();
  const Result<> saved = snapshot_.replace();
  if (!saved) log::error("the snapshot was not written: " + saved.error().message());
}

Pending& Parent::expect(Pending::Kind kind, std::uint64_t connection) {
  auto pending = std::make_unique<Pending>(*this, kind, connection);
  pending->sequence = ++sequence_;
  for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
    if (workers_[slot]->alive()) pending->waiting.insert(slot);
  }
  if (kind == Pending::Kind::drain || kind == Pending::Kind::relay) {
    if (predecessor_) pending->waiting.insert(kPredecessor);
  } else {
    // A change comes behind the table that a young worker is still reading.
    const bool table = kind == Pending::Kind::birth || !unborn_.empty();
    loop_.timers().set(*pending, loop_.now() + (table ? kWorkerTableTime : kWorkerAnswerTime));
  }
  return *(pending_[sequence_] = std::move(pending));
}

void Parent::broadcast(MessageKind kind, std::uint64_t sequence, const std::string& payload) {
  for (const auto& worker : workers_) worker->send({kind, sequence, payload, {}});
}

// Also those of the programs that we took over from: their last requests are under way.
void Parent::broadcast_to_all(MessageKind kind, std::uint64_t sequence,
                              const std::string& payload) {
  broadcast(kind, sequence, payload);
  if (predecessor_) predecessor_->send({kind, sequence, payload, {}});
}

// "APP\nlines"
void Parent::take_lines(const Message& message) {
  const std::size_t end = message.payload.find('\n');
  if (end == std::string::npos) return;
  logs_.append(message.payload.substr(0, end), message.kind == MessageKind::log_error,
               std::string_view(message.payload).substr(end + 1));
}

void Parent::take_report(const Message& message) {
  const auto found = pending_.find(message.sequence);
  if (found == pending_.end()) return;
  const Result<ProxyTraffic> traffic = decode_traffic(message.payload);
  if (traffic) found->second->traffic.add(*traffic);
}

void Parent::on_message(std::size_t slot, Message message) {
  if (message.kind == MessageKind::log_access || message.kind == MessageKind::log_error) {
    return take_lines(message);
  }
  if (message.kind == MessageKind::reported) take_report(message);
  if (message.kind == MessageKind::acknowledge && !message.payload.empty()) {
    // It does not serve what the others serve: a fresh one gets the whole table.
    log::error("worker " + std::to_string(slot) + " refused a change: " + message.payload);
    return workers_[slot]->kill();
  }
  confirmed(message.sequence, slot);
}

void Parent::confirmed(std::uint64_t sequence, std::size_t slot) {
  const auto found = pending_.find(sequence);
  if (found == pending_.end()) return;
  found->second->waiting.erase(slot);
  if (found->second->waiting.empty()) complete(sequence);
}

void Parent::complete(std::uint64_t sequence) {
  const auto found = pending_.find(sequence);
  const std::unique_ptr<Pending> done = std::move(found->second);
  pending_.erase(found);
  for (const std::uint16_t port : done->ports_to_close) {
    if (!table_.uses_port(port)) listeners_.forget(port);
  }
  if (done->kind == Pending::Kind::birth) {
    const std::size_t slot = done->slot;
    unborn_.erase(slot);
    if (!ending_) {
      for (const std::uint16_t port : listeners_.ports()) send_listeners(slot, port);
    }
  }
  if (done->kind == Pending::Kind::relay) {
    successor_->send({MessageKind::drained, done->asked_for, {}, {}});
  }
  ControlReply answer;
  if (done->kind == Pending::Kind::traffic) answer.traffic = encode_traffic(done->traffic);
  if (done->connection != 0) control_->reply(done->connection, answer);
  serve_when_ready();
}

// Askers of the first moments wait in the control socket's queue until the workers serve.
void Parent::serve_when_ready() {
  if (serving_ || !pending_.empty() || !unborn_.empty()) return;
  serving_ = true;
  const Result<> serving = control_ ? control_->serve(*this) : Result<>();
  if (!serving) log::error("control socket: " + serving.error().message());
  pid_file_.write();
  if (predecessor_) predecessor_->send({MessageKind::ready, 0, {}, {}});
  // As a unit: the service is ready, and after an upgrade its main process is this one.
  const Result<> told = notify("READY=1\nMAINPID=" + std::to_string(::getpid()));
  if (!told) log::warn(told.error().message());
}

void Parent::on_late(Pending& pending) {
  if (pending.kind != Pending::Kind::drain && pending.kind != Pending::Kind::relay) {
    for (const std::size_t slot : pending.waiting) {
      log::error("worker " + std::to_string(slot) + " is stuck");
      workers_[slot]->kill();
    }
    return;
  }
  const std::uint64_t connection = pending.connection;
  broadcast_to_all(MessageKind::unwatch, pending.sequence, "");
  pending_.erase(pending.sequence);
  control_->reply(
      connection,
      {Error(Errc::timed_out, "requests are still under way on the old processes"), {}});
}

void Parent::on_gone(std::uint64_t connection) {
  for (auto& [sequence, pending] : pending_) {
    if (pending->connection == connection) pending->connection = 0;
  }
}

}  // namespace dokku::proxy::process
