#include <fcntl.h>

#include <charconv>
#include <utility>

#include "base/log.h"
#include "proxy/process/parent_state.h"

namespace dokku::proxy::process {
namespace {

using namespace std::chrono_literals;

constexpr Duration kUpgradeTime = 20s;  // from the start of the new program until it serves

UniqueFd copy_of(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

Message with_fd(MessageKind kind, std::string payload, int fd) {
  Message message{kind, 0, std::move(payload), {}};
  message.fds.push_back(copy_of(fd));
  return message;
}

}  // namespace

// --- the old program ---------------------------------------------------------------------------

void Parent::upgrade(std::uint64_t connection) {
  const auto refuse = [&](const std::string& why) {
    log::error("no upgrade: " + why);
    if (connection != 0) control_->reply(connection, {Error(Errc::conflict, why), {}});
  };
  if (ending_) return refuse("the proxy is ending");
  if (successor_ || !serving_) return refuse("another program is just taking over");
  upgrade_asker_ = connection;
  const Result<> started = start_successor();
  if (!started) upgrade_failed(started.error().message());
}

Result<> Parent::start_successor() {
  log::info("upgrade: starting " + options_.invocation.program);
  TRY(snapshot_.save());  // it starts from that
  OtherParent::Owner& owner = *this;
  successor_ = TRY(OtherParent::start(loop_, owner, options_.invocation));
  loop_.timers().set(upgrade_limit_, loop_.now() + kUpgradeTime);
  listeners_.each([&](std::uint16_t port, std::size_t address, const UniqueFd& fd) {
    successor_->send(with_fd(MessageKind::hand_listener,
                             std::to_string(port) + " " + std::to_string(address), fd.get()));
  });
  if (control_) successor_->send(with_fd(MessageKind::hand_control, "", control_->fd()));
  if (pid_file_.fd() >= 0) {
    successor_->send(with_fd(MessageKind::hand_pid_file, "", pid_file_.fd()));
  }
  if (tickets_) successor_->send({MessageKind::tickets, 0, tickets_->encode(), {}});
  successor_->send({MessageKind::hand_end, 0, {}, {}});
  return {};
}

void Parent::upgrade_failed(const std::string& why) {
  log::error("upgrade failed, serving on: " + why);
  loop_.timers().clear(upgrade_limit_);
  successor_ = nullptr;
  const std::uint64_t asker = std::exchange(upgrade_asker_, 0);
  if (asker != 0) {
    const Error error(Errc::unavailable, "the new program does not serve: " + why);
    control_->reply(asker, {error, {}});
  }
  for (auto& [connection, request] : std::exchange(deferred_, {})) {
    on_request(connection, std::move(request));
  }
}

// The successor serves. Our workers finish what is under way, and close no connection that a client
// may just be using.
void Parent::retire() {
  log::info("upgrade: the new program serves, finishing what is under way");
  loop_.timers().clear(upgrade_limit_);
  retired_ = ending_ = true;
  successor_->let_go();
  const std::uint64_t asker = std::exchange(upgrade_asker_, 0);
  if (asker != 0) control_->reply(asker, {});
  if (control_) control_->let_go();
  for (const auto& [connection, request] : std::exchange(deferred_, {})) {
    control_->hang_up(connection);
  }
  broadcast(MessageKind::drain, 0, "patient " + std::to_string(options_.patience.count()));
  listeners_.forget_all();
  loop_.timers().set(*this, loop_.now() + options_.patience + 2s);
  end_when_all_have_ended();
}

// What the successor is told, our last requests may depend on as well.
void Parent::relay(Message message) {
  switch (message.kind) {
    case MessageKind::put:
    case MessageKind::remove:
    case MessageKind::replace_all:
      return broadcast_to_all(message.kind, 0, message.payload);
    case MessageKind::watch: {
      Pending& pending = expect(Pending::Kind::relay, 0);
      pending.asked_for = message.sequence;
      const std::uint64_t sequence = pending.sequence;
      broadcast_to_all(MessageKind::watch, sequence, message.payload);
      if (pending.waiting.empty()) complete(sequence);
      return;
    }
    case MessageKind::unwatch:
      std::erase_if(pending_, [&](const auto& entry) {
        const Pending& pending = *entry.second;
        if (pending.kind != Pending::Kind::relay) return false;
        if (pending.asked_for != message.sequence) return false;
        broadcast_to_all(MessageKind::unwatch, pending.sequence, "");
        return true;
      });
      return;
    case MessageKind::drain:
      return drain();
    case MessageKind::quit:
      return quit();
    default:
      return;
  }
}

// --- the new program ---------------------------------------------------------------------------

Result<> Parent::take_over() {
  Channel channel{UniqueFd(kHandoverFd)};
  for (;;) {
    Message message = TRY(await_message(channel));
    if (message.kind == MessageKind::hand_end) break;
    if (message.kind == MessageKind::tickets) take_tickets(message.payload);
    if (message.fds.size() != 1) continue;  // a word of a version that we do not know
    UniqueFd fd = std::move(message.fds.front());
    if (message.kind == MessageKind::hand_listener) {
      std::uint16_t port = 0;
      std::size_t address = 0;
      const char* const end = message.payload.data() + message.payload.size();
      const auto [space, ignored] = std::from_chars(message.payload.data(), end, port);
      if (space < end) std::from_chars(space + 1, end, address);
      listeners_.adopt(port, address, std::move(fd));
    } else if (message.kind == MessageKind::hand_control) {
      control_ = ControlServer::adopt(loop_, options_.control, std::move(fd));
    } else if (message.kind == MessageKind::hand_pid_file) {
      pid_file_ = PidFile(std::move(fd));
    }
  }
  if (!control_ && !options_.control.empty()) {
    return fail(Errc::internal, "no control socket was handed over");
  }
  OtherParent::Owner& owner = *this;
  predecessor_ = TRY(OtherParent::connect(loop_, owner, std::move(channel)));
  return {};
}

// --- both ----------------------------------------------------------------------------------------

void Parent::on_other_parent(OtherParent& who, Message message) {
  if (&who == predecessor_.get()) {
    if (message.kind == MessageKind::drained) confirmed(message.sequence, kPredecessor);
  } else if (!retired_) {
    if (message.kind == MessageKind::ready) retire();
  } else {
    relay(std::move(message));
  }
}

void Parent::on_other_parent_gone(OtherParent& who, const std::string& why) {
  if (&who != predecessor_.get()) {
    // Once retired, we only have our last requests to mind; nobody hears of them any more.
    if (!retired_) return upgrade_failed(why);
    std::erase_if(pending_, [](const auto& entry) {
      return entry.second->kind == Pending::Kind::relay;
    });
    return;
  }
  predecessor_ = nullptr;
  std::vector<std::uint64_t> waited_for;
  for (const auto& [sequence, pending] : pending_) {
    if (pending->waiting.contains(kPredecessor)) waited_for.push_back(sequence);
  }
  for (const std::uint64_t sequence : waited_for) confirmed(sequence, kPredecessor);
  if (retired_) end_when_all_have_ended();
}

}  // namespace dokku::proxy::process
