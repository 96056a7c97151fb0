#include "proxy/process/worker_slot.h"

#include <signal.h>

#include <utility>

#include "base/log.h"

namespace dokku::proxy::process {

class WorkerSlot::Ears final : public net::Watcher {
 public:
  Ears(WorkerSlot& slot, void (WorkerSlot::*heard)()) : slot_(slot), heard_(heard) {}
  void on_events(std::uint32_t) override { (slot_.*heard_)(); }

 private:
  WorkerSlot& slot_;
  void (WorkerSlot::*heard_)();
};

WorkerSlot::WorkerSlot(net::Loop& loop, Owner& owner, std::size_t index, std::size_t workers)
    : loop_(loop), owner_(owner), index_(index), workers_(workers) {}

WorkerSlot::~WorkerSlot() = default;

Result<> WorkerSlot::start() {
  auto [ours, theirs] = TRY(Channel::socket_pair());
  ProcessSpec spec;
  spec.program = "/proc/self/exe";
  spec.arguments = {"dokku-proxy", "--worker", std::to_string(workers_)};
  spec.stderr_fd = 2;
  spec.more_fds = {theirs.get()};
  Process process = TRY(Process::start(spec));
  channel_.emplace(std::move(ours));
  channel_ears_ = std::make_unique<Ears>(*this, &WorkerSlot::on_channel);
  exit_ears_ = std::make_unique<Ears>(*this, &WorkerSlot::on_exit);
  process_.emplace(std::move(process));
  started_at_ = loop_.now();
  TRY(loop_.watch(channel_->fd(), *channel_ears_));
  TRY(loop_.watch(process_->pidfd(), *exit_ears_));
  return {};
}

void WorkerSlot::send(Message message) {
  if (!channel_) return;
  // A broken channel is a dying worker: its exit is what we act on.
  const Result<> sent = channel_->send(std::move(message));
  if (!sent) log::warn("worker " + std::to_string(index_) + ": " + sent.error().message());
}

void WorkerSlot::kill() {
  if (process_) [[maybe_unused]]
    const Result<> ignored = process_->signal(SIGKILL);
}

void WorkerSlot::on_channel() {
  if (!channel_ || !channel_->flush()) return;
  while (channel_) {
    Result<std::optional<Message>> message = channel_->receive();
    if (!message || !message->has_value()) return;
    owner_.on_message(index_, std::move(**message));
  }
}

void WorkerSlot::on_exit() {
  if (!process_) return;
  const Result<ExitStatus> status = process_->wait();
  on_channel();  // its last words
  young_deaths_ = loop_.now() - started_at_ < kYoung ? young_deaths_ + 1 : 0;
  process_.reset();
  channel_.reset();
  loop_.discard(std::move(channel_ears_));
  loop_.discard(std::move(exit_ears_));
  owner_.on_death(index_, status ? *status : ExitStatus{1, {}});
}

}  // namespace dokku::proxy::process
