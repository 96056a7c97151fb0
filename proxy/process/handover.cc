#include "proxy/process/handover.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/log.h"

namespace dokku::proxy::process {
namespace {

constexpr int kAwaitMillis = 10'000;  // for a message that is already on its way

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** each = ::environ; *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

}  // namespace

class OtherParent::Ears final : public net::Watcher {
 public:
  Ears(OtherParent& other, void (OtherParent::*heard)()) : other_(other), heard_(heard) {}
  void on_events(std::uint32_t) override { (other_.*heard_)(); }

 private:
  OtherParent& other_;
  void (OtherParent::*heard_)();
};

OtherParent::OtherParent(net::Loop& loop, Owner& owner, Channel channel)
    : loop_(loop), owner_(owner), channel_(std::move(channel)) {}

Result<std::unique_ptr<OtherParent>> OtherParent::start(net::Loop& loop, Owner& owner,
                                                        const Invocation& invocation) {
  auto [ours, theirs] = TRY(Channel::socket_pair());
  ProcessSpec spec;
  spec.program = invocation.program;
  spec.arguments = {invocation.program};
  spec.arguments.insert(spec.arguments.end(), invocation.arguments.begin(),
                        invocation.arguments.end());
  spec.arguments.insert(spec.arguments.end(), {kTakeOverFlag, "yes"});
  spec.environment = own_environment();
  spec.stderr_fd = 2;
  // systemd minds a new main process only when it is its own child, and else kills what it does not
  // see end: requests of the last seconds would be cut when the unit is stopped.
  spec.orphan = true;
  spec.more_fds = {theirs.get()};
  Process process = TRY(Process::start(spec));
  std::unique_ptr<OtherParent> other(new OtherParent(loop, owner, Channel(std::move(ours))));
  other->process_.emplace(std::move(process));
  TRY(other->watch());
  return other;
}

Result<std::unique_ptr<OtherParent>> OtherParent::connect(net::Loop& loop, Owner& owner,
                                                          Channel channel) {
  std::unique_ptr<OtherParent> other(new OtherParent(loop, owner, std::move(channel)));
  TRY(other->watch());
  return other;
}

Result<> OtherParent::watch() {
  channel_ears_ = std::make_unique<Ears>(*this, &OtherParent::on_channel);
  TRY(loop_.watch(channel_.fd(), *channel_ears_));
  if (!process_) return {};
  exit_ears_ = std::make_unique<Ears>(*this, &OtherParent::on_exit);
  return loop_.watch(process_->pidfd(), *exit_ears_);
}

OtherParent::~OtherParent() {
  loop_.unwatch(channel_.fd());
  loop_.discard(std::move(channel_ears_));
  if (!exit_ears_) return;
  if (process_) loop_.unwatch(process_->pidfd());
  loop_.discard(std::move(exit_ears_));
}

void OtherParent::send(Message message) {
  const Result<> sent = channel_.send(std::move(message));
  if (!sent) log::warn("to the other proxy: " + sent.error().message());
}

void OtherParent::let_go() {
  if (!process_) return;
  loop_.unwatch(process_->pidfd());
  process_->let_go();
  process_.reset();
}

// The owner may destroy us in each of its calls.
void OtherParent::on_channel() {
  if (!channel_.flush()) return owner_.on_other_parent_gone(*this, "its channel is closed");
  const net::Watcher& alive = *channel_ears_;
  while (!alive.discarded()) {
    Result<std::optional<Message>> message = channel_.receive();
    // A program that has ended says more by its status.
    if (!message && process_) return;
    if (!message) return owner_.on_other_parent_gone(*this, "its channel is closed");
    if (!message->has_value()) return;
    owner_.on_other_parent(*this, std::move(**message));
  }
}

void OtherParent::on_exit() {
  if (!process_) return;
  let_go();
  owner_.on_other_parent_gone(*this, "it has ended; its last words are in the proxy's log");
}

Result<Message> await_message(Channel& channel) {
  for (;;) {
    std::optional<Message> message = TRY(channel.receive());
    if (message) return std::move(*message);
    pollfd wait{channel.fd(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, kAwaitMillis);
    if (ready == 0) return fail(Errc::timed_out, "the other proxy says nothing");
    if (ready < 0 && errno != EINTR) return fail_syscall("poll", errno);
  }
}

}  // namespace dokku::proxy::process
