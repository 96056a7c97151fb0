#include "proxy/process/worker.h"

#include <signal.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "proxy/control/messages.h"
#include "proxy/control/packed.h"
#include "proxy/control/traffic.h"
#include "proxy/net/loop.h"
#include "proxy/process/channel.h"
#include "proxy/process/privileges.h"
#include "proxy/process/sandbox.h"
#include "proxy/session/acceptor.h"
#include "proxy/session/context.h"
#include "proxy/tls/server.h"

namespace dokku::proxy::process {
namespace {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed || seed == 0) seed = 0x853c49e6748fea9b;
  return seed;
}

constexpr int kMessagesPerTurn = 16;  // changes of routes must not make requests wait
constexpr std::size_t kLogMessagesMax = 64;  // that wait for the parent, 24 KiB each

class Worker final : public net::Watcher, private net::Timer, private session::AccessLog::Sink {
 public:
  Worker(net::Loop& loop, UniqueFd channel, std::size_t workers)
      : loop_(loop),
        context_(loop, session::Limits{}, random_seed()),
        channel_(std::move(channel)) {
    context_.idle_listener = this;
    context_.reserve_descriptors(file_limit());
    context_.holds.share(workers);
  }

  // Before the sandbox: OpenSSL reads its configuration once.
  Result<> start();

  void on_events(std::uint32_t) override;
  // Something has become idle, or messages are left over.
  void on_again() override;
  // What has been logged goes out with us.
  void end() { context_.logs.flush(); }

 private:
  void on_timer() override;
  void take_lines(const std::string& key, session::AccessLog::Kind kind,
                  std::string lines) override;
  void report(const Message& message);
  void handle(Message message);
  Result<> apply(Message& message);
  Result<> listen(Message& message);
  void watch(const Message& message);
  std::vector<std::string> certificates_for(const tls::Hello& hello) const;
  Result<> take_secret(const Message& message);
  bool idle(const std::vector<Target>& targets) const;
  // With patience: clients end their connections themselves, after an answer that says so.
  void drain(std::optional<Duration> patience = {});
  void tell(MessageKind kind, std::uint64_t sequence, std::string payload = {});

  net::Loop& loop_;
  std::unique_ptr<tls::Server> tls_;  // outlives the connections of the context
  session::Context context_;
  Channel channel_;
  bool more_messages_ = false;
  std::multimap<std::uint16_t, std::unique_ptr<session::Acceptor>> acceptors_;
  std::map<std::uint64_t, std::vector<Target>> watches_;
};

std::uint16_t port_of(const std::string& text) {
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

// "patient SECONDS"
std::optional<Duration> patience_of(std::string_view payload) {
  constexpr std::string_view kPatient = "patient ";
  if (!payload.starts_with(kPatient)) return std::nullopt;
  payload.remove_prefix(kPatient.size());
  unsigned seconds = 0;
  std::from_chars(payload.data(), payload.data() + payload.size(), seconds);
  return std::chrono::seconds(seconds);
}

Result<> Worker::start() {
  tls_ = TRY(tls::Server::create(
      [this](const tls::Hello& hello) { return certificates_for(hello); }, {.offer_h2 = true}));
  context_.tls = tls_.get();
  return loop_.watch(channel_.fd(), *this);
}

std::vector<std::string> Worker::certificates_for(const tls::Hello& hello) const {
  const route::Found found = context_.routes.find(hello.port, hello.own_port, hello.server_name);
  if (found.route == nullptr) return {};
  const Group& group = (*found.route)->group;
  if (!hello.challenge) return group.certificates;
  for (const Challenge& challenge : group.challenges) {
    if (challenge.host == hello.server_name && !challenge.certificate.empty()) {
      return {challenge.certificate};
    }
  }
  return {};
}

void Worker::on_events(std::uint32_t) {
  if (!channel_.flush()) return drain();
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    Result<std::optional<Message>> message = channel_.receive();
    if (!message) return drain();
    if (!message->has_value()) return;
    handle(std::move(**message));
  }
  more_messages_ = true;
  loop_.again(*this);
}

void Worker::handle(Message message) {
  const std::uint64_t sequence = message.sequence;
  switch (message.kind) {
    case MessageKind::watch:
      return watch(message);
    case MessageKind::unwatch:
      watches_.erase(sequence);
      return;
    case MessageKind::drain:
      return drain(patience_of(message.payload));
    case MessageKind::quit:
      return loop_.stop();
    case MessageKind::log:
      return context_.logs.set_sink(*this);
    case MessageKind::report:
      return report(message);
    default:
      break;
  }
  const Result<> applied = apply(message);
  context_.holds.look_again(context_.routes);
  if (!applied) log::error("a change was not applied: " + applied.error().message());
  if (sequence != 0) {
    tell(MessageKind::acknowledge, sequence, applied ? "" : applied.error().message());
  }
}

Result<> Worker::apply(Message& message) {
  switch (message.kind) {
    case MessageKind::listen:
      return listen(message);
    case MessageKind::unlisten: {
      const auto [first, last] = acceptors_.equal_range(port_of(message.payload));
      for (auto each = first; each != last; ++each) {
        each->second->take_all();
        loop_.discard(std::move(each->second));
      }
      acceptors_.erase(first, last);
      return {};
    }
    case MessageKind::replace_all: {
      std::vector<Group> groups = TRY(decode_groups(message.payload));
      return context_.routes.replace_all(std::move(groups));
    }
    case MessageKind::table: {
      PackedGroups packed(message.payload);
      return context_.routes.replace_all(packed.size(), [&] { return packed.next(); });
    }
    case MessageKind::put: {
      std::vector<Group> groups = TRY(decode_groups(message.payload));
      for (Group& group : groups) TRY(context_.routes.put(std::move(group)));
      return {};
    }
    case MessageKind::remove:
      context_.routes.remove(message.payload);
      return {};
    case MessageKind::certificate:
    case MessageKind::forget_certificate:
    case MessageKind::default_certificate:
    case MessageKind::tickets:
      return take_secret(message);
    default:
      return fail(Errc::internal, "message of an unknown kind");
  }
}

Result<> Worker::take_secret(const Message& message) {
  if (message.kind == MessageKind::certificate) {
    const Certificate certificate = TRY(decode_certificate(message.payload));
    tls_->add(certificate);
  } else if (message.kind == MessageKind::forget_certificate) {
    tls_->forget(message.payload);
  } else if (message.kind == MessageKind::default_certificate) {
    tls_->set_default(message.payload);
  } else {
    const tls::TicketKeys keys = TRY(tls::TicketKeys::decode(message.payload));
    tls_->set_tickets(keys);
  }
  return {};
}

Result<> Worker::listen(Message& message) {
  if (message.fds.size() != 1) return fail(Errc::internal, "listen without a socket");
  const std::uint16_t port = port_of(message.payload);
  const std::string& words = message.payload;
  const auto says = [&](const char* word) { return words.find(word) != words.npos; };
  auto acceptor = TRY(session::Acceptor::create(context_, std::move(message.fds.front()),
                                                {says(" own"), says(" tls")}));
  acceptors_.emplace(port, std::move(acceptor));
  return {};
}

// A parent that is too slow for the lines must not make requests wait, nor memory grow.
void Worker::take_lines(const std::string& key, session::AccessLog::Kind kind, std::string lines) {
  if (channel_.queued() >= kLogMessagesMax) {
    context_.counters.log_lines_lost +=
        static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    return;
  }
  lines.insert(0, key + "\n");
  tell(kind == session::AccessLog::Kind::access ? MessageKind::log_access : MessageKind::log_error,
       0, std::move(lines));
}

void Worker::report(const Message& message) {
  ProxyTraffic traffic;
  const session::Counters& counters = context_.counters;
  traffic.totals = {1,
                    context_.clients.size(),
                    context_.upstreams.size(),
                    counters.connections,
                    counters.app_connections,
                    counters.requests,
                    counters.refused,
                    counters.turned_away,
                    counters.log_lines_lost};
  for (const auto& ledger : context_.routes.ledgers(message.payload)) {
    if (ledger->traffic.requests > 0) traffic.apps.push_back(ledger->traffic);
  }
  tell(MessageKind::reported, message.sequence, encode_traffic(traffic));
}

bool Worker::idle(const std::vector<Target>& targets) const {
  return std::all_of(targets.begin(), targets.end(),
                     [&](const Target& target) { return context_.routes.idle(target); });
}

void Worker::watch(const Message& message) {
  const Result<std::vector<Target>> targets = decode_targets(message.payload);
  if (!targets || idle(*targets)) return tell(MessageKind::drained, message.sequence);
  watches_[message.sequence] = *targets;
}

void Worker::on_again() {
  if (std::exchange(more_messages_, false)) on_events(0);
  std::erase_if(watches_, [&](const auto& entry) {
    if (!idle(entry.second)) return false;
    tell(MessageKind::drained, entry.first);
    return true;
  });
  if (context_.draining && context_.clients.size() == 0) loop_.stop();
}

// The time of those who are still here is over.
void Worker::on_timer() {
  for (std::size_t i = 0; i < context_.clients.size(); ++i) context_.clients[i].say_going_away();
  loop_.stop();
}

// Takes what has arrived, then closes the door; ends when the last client has gone.
void Worker::drain(std::optional<Duration> patience) {
  const bool again = std::exchange(context_.draining, true);
  if (again && patience) return;
  for (auto& [port, acceptor] : acceptors_) {
    acceptor->take_all();
    loop_.discard(std::move(acceptor));
  }
  acceptors_.clear();
  if (!patience) {
    for (std::size_t i = context_.clients.size(); i-- > 0;) {
      if (i < context_.clients.size()) context_.clients[i].drain();
    }
  }
  loop_.timers().set(*this, loop_.now() + patience.value_or(context_.limits.drain_time));
  context_.tell_idle();
}

void Worker::tell(MessageKind kind, std::uint64_t sequence, std::string payload) {
  // A parent that does not hear us has gone; then there is nobody to tell.
  if (!channel_.send({kind, sequence, std::move(payload), {}})) drain();
}

}  // namespace

int run_worker(UniqueFd channel, std::size_t workers) {
  ::signal(SIGPIPE, SIG_IGN);
  // Ctrl-C reaches the whole group: the parent decides what it means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  const std::unique_ptr<Clock> clock = system_clock();
  Result<std::unique_ptr<net::Loop>> loop = net::Loop::create(*clock);
  if (!loop) {
    log::error(loop.error().message());
    return 1;
  }
  Worker worker(**loop, std::move(channel), workers);
  if (const Result<> started = worker.start(); !started) {
    log::error(started.error().message());
    return 1;
  }
  if (const Result<> sandboxed = enter_sandbox(); !sandboxed) {
    log::error("no sandbox: " + sandboxed.error().message());
    return 1;
  }
  (*loop)->run();
  worker.end();
  return 0;
}

}  // namespace dokku::proxy::process
