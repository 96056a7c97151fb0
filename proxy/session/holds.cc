#include "proxy/session/holds.h"

#include <utility>
#include <vector>

#include "proxy/net/loop.h"
#include "proxy/route/table.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {

class HoldQueue final : public net::Timer {
 public:
  explicit HoldQueue(net::Loop& loop) : loop_(loop) {}

  bool enter(HoldTicket& ticket, Exchange& exchange, const Settings& settings, std::size_t workers,
             std::size_t bytes) {
    bytes_max_ = (settings.hold_bytes_max + workers - 1) / workers;
    const std::size_t count_max = (settings.hold_requests_max + workers - 1) / workers;
    if (count_ >= count_max || bytes_ + bytes > bytes_max_) return false;
    ticket.queue_ = this;
    ticket.exchange_ = &exchange;
    ticket.bytes_ = bytes;
    ticket.due_ = loop_.now() + settings.hold_timeout;
    ticket.previous_ = last_;
    ticket.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &ticket;
    last_ = &ticket;
    bytes_ += bytes;
    ++count_;
    if (count_ == 1) loop_.timers().set(*this, ticket.due_);
    return true;
  }

  void leave(HoldTicket& ticket) {
    (ticket.previous_ != nullptr ? ticket.previous_->next_ : first_) = ticket.next_;
    (ticket.next_ != nullptr ? ticket.next_->previous_ : last_) = ticket.previous_;
    bytes_ -= ticket.bytes_;
    --count_;
    ticket.queue_ = nullptr;
  }

  void let_go() {
    // Who is held again on the way waits behind the others: count first.
    for (std::size_t left = count_; left > 0 && first_ != nullptr; --left) {
      HoldTicket& ticket = *first_;
      leave(ticket);
      ticket.exchange_->let_go();
    }
  }

  void grow(HoldTicket& ticket, std::size_t bytes) {
    ticket.bytes_ += bytes;
    bytes_ += bytes;
  }
  bool full() const { return bytes_ >= bytes_max_; }
  std::size_t count() const { return count_; }

 private:
  void on_timer() override {
    while (first_ != nullptr && first_->due_ <= loop_.now()) {
      HoldTicket& ticket = *first_;
      leave(ticket);
      ticket.exchange_->held_too_long();
    }
    if (first_ != nullptr) loop_.timers().set(*this, first_->due_);
  }

  net::Loop& loop_;
  HoldTicket* first_ = nullptr;
  HoldTicket* last_ = nullptr;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_ = 0;
};

void HoldTicket::leave() {
  if (queue_ != nullptr) queue_->leave(*this);
}

bool HoldTicket::grow(std::size_t bytes) {
  queue_->grow(*this, bytes);
  return !full();
}

bool HoldTicket::full() const { return queue_->full(); }

Holds::Holds(net::Loop& loop) : loop_(loop) {}
Holds::~Holds() = default;

bool Holds::enter(HoldTicket& ticket, Exchange& exchange, const std::string& key,
                  const Settings& settings, std::size_t bytes) {
  std::unique_ptr<HoldQueue>& queue = queues_[key];
  if (!queue) queue = std::make_unique<HoldQueue>(loop_);
  return queue->enter(ticket, exchange, settings, workers_, bytes);
}

void Holds::look_again(const route::RouteTable& routes) {
  if (queues_.empty()) return;
  std::vector<HoldQueue*> free;
  for (auto& [key, queue] : queues_) {
    const auto* route = routes.find_key(key);
    if (route == nullptr || !(*route)->group.settings.hold) free.push_back(queue.get());
  }
  for (HoldQueue* queue : free) queue->let_go();
  std::erase_if(queues_, [](const auto& entry) { return entry.second->count() == 0; });
}

std::size_t Holds::waiting(const std::string& key) const {
  const auto found = queues_.find(key);
  return found == queues_.end() ? 0 : found->second->count();
}

}  // namespace dokku::proxy::session
