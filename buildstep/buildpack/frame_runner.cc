#include "buildstep/buildpack/frame_runner.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/io.h"

namespace dokku::buildstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kTick{10};
constexpr seconds kAliveEvery{2};
constexpr seconds kKillLimit{20};

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

struct FramePhaseRunner::Running {
  PhaseLimits limits;
  TimePoint started = now();
  TimePoint heard = started;
  TimePoint ticked = started;
  TimePoint asked = started;
  TimePoint killed{};
  PhaseEnd end;
  bool done = false;
};

FramePhaseRunner::FramePhaseRunner(UniqueFd requests, UniqueFd replies,
                                   std::function<Result<>()> alive)
    : requests_(std::move(requests)), replies_(std::move(replies)), alive_(std::move(alive)) {}

Result<> FramePhaseRunner::ready(Duration limit, const CancelToken& cancel) {
  const TimePoint deadline = now() + limit;
  Frame frame;
  for (;;) {
    const bool whole = TRY(next_frame(&frame));
    if (whole) break;
    if (cancel.cancelled()) return fail(Errc::cancelled, "the build was cancelled");
    if (now() > deadline) return fail(Errc::timed_out, "the build container does not answer");
    const bool some = TRY(wait_for_bytes(milliseconds(500), &cancel));
    if (!some) TRY(alive_());
  }
  if (frame.header.kind != phase::Kind::hello) {
    return fail(Errc::internal, "the build container speaks out of turn");
  }
  return {};
}

Result<PhaseEnd> FramePhaseRunner::run(const Phase& what, const PhaseLimits& limits,
                                       PhaseWatcher& watcher, const CancelToken& cancel) {
  const std::string request =
      phase::encode_run(what.argv, what.environment, what.directory,
                        what.separate_streams ? phase::kSeparateStreams : 0);
  if (request.empty()) return fail(Errc::limit_exceeded, "the environment is too large to pass on");
  TRY(send(request));
  Running running{.limits = limits};
  Frame frame;
  while (!running.done) {
    const bool whole = TRY(next_frame(&frame));
    if (whole) {
      running.done = TRY(handle(frame, running, watcher));
      continue;
    }
    TRY(mind_the_time(running, cancel));
    if (now() - running.ticked >= kTick) {
      running.ticked = now();
      watcher.tick();
    }
    const Duration step = std::min<Duration>({seconds(1), running.started + limits.total - now(),
                                              running.heard + limits.silence - now()});
    const bool killing = running.killed != TimePoint{};
    const bool some =
        TRY(wait_for_bytes(killing ? milliseconds(200) : std::max<Duration>(step, milliseconds(1)),
                           killing ? nullptr : &cancel));
    if (!some && now() - running.asked >= kAliveEvery) {
      running.asked = now();
      TRY(alive_());
    }
  }
  return running.end;
}

void FramePhaseRunner::stop() {
  unsigned char head[phase::kHeaderBytes];
  phase::encode_header({phase::Kind::stop, 0, 0}, head);
  // Once: what is gone or does not read is ended by others.
  [[maybe_unused]] const ssize_t ignored = ::write(requests_.get(), head, sizeof head);
}

Result<> FramePhaseRunner::mind_the_time(Running& running, const CancelToken& cancel) {
  const TimePoint at = now();
  if (running.killed != TimePoint{}) {
    if (at - running.killed > kKillLimit) {
      return fail(Errc::unavailable, "the build container does not end its processes");
    }
    return {};
  }
  if (cancel.cancelled()) return kill_phase(running, PhaseEnd::Why::cancelled);
  if (at - running.started >= running.limits.total) {
    return kill_phase(running, PhaseEnd::Why::total_limit);
  }
  if (at - running.heard >= running.limits.silence) {
    return kill_phase(running, PhaseEnd::Why::silence_limit);
  }
  return {};
}

Result<> FramePhaseRunner::kill_phase(Running& running, PhaseEnd::Why why) {
  running.end.why = why;
  running.killed = now();
  unsigned char head[phase::kHeaderBytes];
  phase::encode_header({phase::Kind::kill, 0, 0}, head);
  return send({reinterpret_cast<const char*>(head), sizeof head});
}

Result<bool> FramePhaseRunner::handle(const Frame& frame, Running& running, PhaseWatcher& watcher) {
  switch (frame.header.kind) {
    case phase::Kind::output:
      running.heard = now();
      watcher.output(frame.header.stream == 2 ? 2 : 1, frame.payload);
      return false;
    case phase::Kind::refused:
      return fail(Errc::invalid_argument, frame.payload.substr(0, 500));
    case phase::Kind::exited: {
      phase::Exited exited;
      if (!phase::decode_exited(reinterpret_cast<const unsigned char*>(frame.payload.data()),
                                frame.payload.size(), &exited)) {
        break;
      }
      if (exited.code >= 0) running.end.status.code = exited.code;
      if (exited.signal >= 0) running.end.status.signal = exited.signal;
      running.end.wall = Duration(static_cast<std::int64_t>(exited.wall_ns));
      running.end.cpu = std::chrono::microseconds(static_cast<std::int64_t>(exited.cpu_us));
      running.end.left_over = exited.left_over;
      return true;
    }
    default:
      break;
  }
  return fail(Errc::internal, "the build container speaks out of turn");
}

Result<> FramePhaseRunner::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(requests_.get(), bytes.data(), bytes.size());
    if (wrote >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(Errc::unavailable, "the build container is gone");
    pollfd room{requests_.get(), POLLOUT, 0};
    if (::poll(&room, 1, 2000) == 0) TRY(alive_());
  }
  return {};
}

Result<bool> FramePhaseRunner::wait_for_bytes(Duration limit, const CancelToken* cancel) {
  std::array<pollfd, 2> wait{pollfd{replies_.get(), POLLIN, 0},
                             pollfd{cancel != nullptr ? cancel->fd() : -1, POLLIN, 0}};
  const auto left = std::chrono::ceil<milliseconds>(limit).count();
  const int count = ::poll(wait.data(), wait.size(), static_cast<int>(left));
  if (count < 0 && errno != EINTR) return fail_syscall("poll", errno);
  if (count <= 0) return false;
  if (wait[0].revents == 0) return true;  // cancelled: the caller looks
  std::array<char, 65536> piece{};
  const ssize_t got = ::read(replies_.get(), piece.data(), piece.size());
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return false;
    return fail_syscall("read from the build container", errno);
  }
  if (got == 0) {
    TRY(alive_());
    return fail(Errc::unavailable, "the build container ended");
  }
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

Result<bool> FramePhaseRunner::next_frame(Frame* frame) {
  if (buffer_.size() < phase::kHeaderBytes) return false;
  unsigned char head[phase::kHeaderBytes];
  std::copy_n(buffer_.data(), sizeof head, reinterpret_cast<char*>(head));
  if (!phase::decode_header(head, phase::kReplyBytesMax, &frame->header)) {
    return fail(Errc::internal, "the build container speaks another language");
  }
  const std::size_t size = sizeof head + frame->header.length;
  if (buffer_.size() < size) return false;
  frame->payload = buffer_.substr(sizeof head, frame->header.length);
  buffer_.erase(0, size);
  return true;
}

}  // namespace dokku::buildstep
