#include "proxy/net/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"

namespace dokku::proxy::net {
namespace {
constexpr int kEventsPerTurn = 512;
}

Loop::Loop(const Clock& clock, UniqueFd epoll)
    : clock_(clock), epoll_(std::move(epoll)), now_(clock.now()), timers_(now_) {}

Result<std::unique_ptr<Loop>> Loop::create(const Clock& clock) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return fail_syscall("epoll_create1", errno);
  return std::unique_ptr<Loop>(new Loop(clock, std::move(epoll)));
}

Result<> Loop::watch(int fd, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    return fail_syscall("epoll_ctl", errno);
  }
  return {};
}

void Loop::unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Loop::again(Watcher& watcher) {
  if (watcher.again_) return;
  watcher.again_ = true;
  again_.push_back(&watcher);
}

void Loop::discard(std::unique_ptr<Watcher> watcher) {
  watcher->discarded_ = true;
  discarded_.push_back(std::move(watcher));
}

int Loop::wait_millis() const {
  if (!again_.empty()) return 0;
  const std::optional<TimePoint> next = timers_.next();
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void Loop::run() {
  while (running_) turn();
}

void Loop::turn() {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, wait_millis());
  CHECK(count >= 0 || errno == EINTR);
  now_ = clock_.now();
  wall_millis_ = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    auto* watcher = static_cast<Watcher*>(event.data.ptr);
    if (!watcher->discarded_) watcher->on_events(event.events);
  }
  // What asks again while it is being called waits for the next turn: sockets come in between.
  again_now_.swap(again_);
  for (Watcher* watcher : again_now_) {
    watcher->again_ = false;
    if (!watcher->discarded_) watcher->on_again();
  }
  again_now_.clear();
  timers_.advance(now_);
  std::erase_if(again_, [](const Watcher* watcher) { return watcher->discarded_; });
  discarded_.clear();
}

std::uint64_t Loop::wall_millis() {
  if (wall_millis_ == 0) {
    wall_millis_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch())
            .count());
  }
  return wall_millis_;
}

}  // namespace dokku::proxy::net
