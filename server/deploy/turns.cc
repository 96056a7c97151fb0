#include "server/deploy/turns.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/check.h"

namespace dokku::server {

struct Turns::Turn::Place {
  std::string what;
  WallTime since;
  CancelToken called;  // "it is your turn": level-triggered, for poll(2)
};

std::string clock_time(WallTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char out[16];
  std::strftime(out, sizeof out, "%H:%M:%S", &parts);
  return out;
}

Turns::Turn::~Turn() {
  if (place_ != nullptr) turns_->leave(key_, place_);
}

Result<Turns::Turn> Turns::take(const Ask& ask, Progress& progress) {
  CancelToken called = TRY(CancelToken::create());
  auto place =
      std::make_shared<Turn::Place>(Turn::Place{ask.what, clock_.wall(), std::move(called)});
  std::string ahead;
  {
    std::lock_guard hold(mutex_);
    Queue& queue = queues_[ask.key];
    if (queue.size() >= at_once_) {
      ahead = queue.front()->what + ", running since " + clock_time(queue.front()->since);
      if (!ask.wait) return fail(Errc::conflict, ahead);
    }
    queue.push_back(place);
  }
  Turn turn(*this, ask.key, place);
  if (ahead.empty()) return turn;
  progress.step("Waiting for " + ahead);
  pollfd look[2] = {{place->called.fd(), POLLIN, 0}, {progress.cancel().fd(), POLLIN, 0}};
  while (::poll(look, 2, -1) < 0 && errno == EINTR) {
  }
  if (progress.cancel().cancelled()) return fail(Errc::cancelled, "Cancelled");
  std::lock_guard hold(mutex_);
  place->since = clock_.wall();
  return turn;
}

std::set<std::string> Turns::keys() {
  std::lock_guard hold(mutex_);
  std::set<std::string> keys;
  for (const auto& [key, queue] : queues_) {
    if (!queue.empty()) keys.insert(key);
  }
  return keys;
}

std::string Turns::holder(const std::string& key) {
  std::lock_guard hold(mutex_);
  const auto queue = queues_.find(key);
  if (queue == queues_.end() || queue->second.empty()) return {};
  const auto& first = queue->second.front();
  return first->what + " since " + clock_time(first->since);
}

void Turns::leave(const std::string& key, const std::shared_ptr<Turn::Place>& place) {
  std::lock_guard hold(mutex_);
  const auto found = queues_.find(key);
  CHECK(found != queues_.end());
  Queue& queue = found->second;
  std::erase(queue, place);
  for (std::size_t i = 0; i < std::min<std::size_t>(at_once_, queue.size()); ++i) {
    queue[i]->called.cancel();
  }
  if (queue.empty()) queues_.erase(found);
}

}  // namespace dokku::server
