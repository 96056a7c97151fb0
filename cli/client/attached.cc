#include "cli/client/attached.h"

#include <unistd.h>

#include <utility>

#include "base/io.h"

namespace dokku::cli {
namespace {

short revents_of(const std::vector<pollfd>& polls, int fd, short asked) {
  short seen = 0;
  for (const pollfd& one : polls) {
    if (one.fd == fd && (one.events & asked) != 0) seen = static_cast<short>(seen | one.revents);
  }
  return seen;
}

bool step_pump(Pump* pump, const std::vector<pollfd>& polls) {
  if (pump == nullptr) return false;
  if (pump->wants_input() && revents_of(polls, pump->from(), POLLIN) != 0) {
    pump->read_once();
    return true;
  }
  if (pump->wants_output() && revents_of(polls, pump->to(), POLLOUT) != 0) {
    pump->write_once();
    return true;
  }
  return false;
}

bool ended(const Pump* pump) { return pump == nullptr || pump->state() != Pump::State::open; }

}  // namespace

Attached::Attached(const wire::Attach& message, std::vector<UniqueFd> streams,
                   std::string_view typed_ahead)
    : resume_(message.resume), terminal_(message.terminal) {
  std::size_t next = 0;
  const auto take = [&](bool there, Stream& stream) {
    if (there && next < streams.size()) stream.ours = std::move(streams[next++]);
    return stream.ours.valid();
  };
  if (take(message.has_in, in_)) {
    in_.pump = std::make_unique<Pump>(STDIN_FILENO, in_.ours.get(), true);
    in_.pump->preload(typed_ahead.data(), typed_ahead.size());
  }
  if (take(message.has_out, out_)) {
    out_.pump = std::make_unique<Pump>(out_.ours.get(), STDOUT_FILENO, false);
  }
  if (take(message.has_err, err_)) {
    err_.pump = std::make_unique<Pump>(err_.ours.get(), STDERR_FILENO, false);
  }
  if (terminal_ && ::isatty(STDIN_FILENO) == 1) {
    Result<std::unique_ptr<RawTerminal>> raw = RawTerminal::enter(STDIN_FILENO);
    if (raw) raw_ = *std::move(raw);
  }
}

void Attached::add_polls(std::vector<pollfd>& polls) const {
  for (const Stream* stream : {&in_, &out_, &err_}) {
    const Pump* pump = stream->pump.get();
    if (pump == nullptr) continue;
    if (pump->wants_input()) polls.push_back({pump->from(), POLLIN, 0});
    if (pump->wants_output()) polls.push_back({pump->to(), POLLOUT, 0});
  }
}

bool Attached::step(const std::vector<pollfd>& polls) {
  bool moved = false;
  for (Stream* stream : {&in_, &out_, &err_}) moved = step_pump(stream->pump.get(), polls) || moved;
  if (in_.pump && ended(in_.pump.get())) {
    in_.pump.reset();
    // A terminal that is closed hangs its process up; what ends its input is Ctrl-D.
    if (terminal_) [[maybe_unused]] const Result<> typed = write_all(in_.ours.get(), "\x04");
    in_.ours.reset();
    input_closed_ = !terminal_;
  }
  return moved;
}

bool Attached::take_input_closed() { return std::exchange(input_closed_, false); }

void Attached::end_input() {
  in_.pump.reset();
  in_.ours.reset();
}

bool Attached::output_ended() const { return ended(out_.pump.get()) && ended(err_.pump.get()); }

bool Attached::output_refused() const {
  return out_.pump && out_.pump->state() == Pump::State::refused;
}

}  // namespace dokku::cli
