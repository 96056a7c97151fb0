#include "proxy/session/context.h"

#include <algorithm>
#include <ctime>
#include <string>

#include "base/log.h"
#include "proxy/session/app_connection.h"
#include "proxy/session/client.h"
#include "proxy/session/exchange.h"
#include "proxy/session/upstream.h"

namespace dokku::proxy::session {
namespace {
constexpr std::size_t kSpareExchanges = 64;
}

Context::Context(net::Loop& the_loop, const Limits& the_limits, std::uint64_t seed)
    : loop(the_loop),
      limits(the_limits),
      holds(the_loop),
      logs(the_loop),
      scratch(the_limits.read_bytes),
      random_state_{seed, seed ^ 0x9e3779b97f4a7c15} {}

Context::~Context() {
  while (clients.size() > 0) clients.take(clients[0]);
  while (upstreams.size() > 0) upstreams.take(upstreams[0]);
  while (app_connections.size() > 0) app_connections.take(app_connections[0]);
}

const Settings& Context::settings_before_request(std::uint16_t port, bool own_port,
                                                 std::string_view server_name) const {
  const route::Found found = routes.find(port, own_port, server_name);
  return found.route == nullptr ? defaults : (*found.route)->group.settings;
}

std::unique_ptr<Exchange> Context::take_exchange() {
  if (spare_exchanges_.empty()) return std::make_unique<Exchange>(*this);
  std::unique_ptr<Exchange> exchange = std::move(spare_exchanges_.back());
  spare_exchanges_.pop_back();
  return exchange;
}

void Context::give_back(std::unique_ptr<Exchange> exchange) {
  exchange->clear();
  if (spare_exchanges_.size() < kSpareExchanges) spare_exchanges_.push_back(std::move(exchange));
}

void Context::reserve_descriptors(std::size_t all) {
  const std::size_t ours = std::max<std::size_t>(limits.reserved_descriptors_min, all / 8);
  clients_max = all > 2 * ours ? all - ours : all / 2;
}

void Context::turned_away(std::string_view why) {
  ++counters.turned_away;
  const TimePoint now = loop.now();
  if (complained_at_ && now - *complained_at_ < 1s) return;
  complained_at_ = now;
  log::warn(std::string(why) + ": " + std::to_string(counters.turned_away - complained_of_) +
            " connections turned away with 503; " + std::to_string(clients.size()) + " are open");
  complained_of_ = counters.turned_away;
}

// xorshift128+: for spreading load and naming requests, not for secrets.
std::uint64_t Context::random() {
  std::uint64_t a = random_state_[0];
  const std::uint64_t b = random_state_[1];
  random_state_[0] = b;
  a ^= a << 23;
  random_state_[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
  return random_state_[1] + b;
}

std::string_view Context::date() {
  const std::uint64_t second = loop.wall_millis() / 1000;
  if (second != date_second_) {
    date_second_ = second;
    const auto when = static_cast<std::time_t>(second);
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    std::strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return {date_.data(), 29};
}

std::string_view Context::request_start() {
  const std::uint64_t millis = loop.wall_millis();
  if (millis != start_millis_) {
    start_millis_ = millis;
    start_text_ = std::to_string(millis);
    if (start_text_.size() > 3) start_text_.insert(start_text_.size() - 3, 1, '.');
  }
  return start_text_;
}

std::string_view Context::new_request_id() {
  for (std::size_t i = 0; i < request_id_.size(); i += 16) {
    std::uint64_t bits = random();
    for (std::size_t k = 0; k < 16; ++k, bits >>= 4) {
      request_id_[i + k] = "0123456789abcdef"[bits & 15];
    }
  }
  return {request_id_.data(), request_id_.size()};
}

}  // namespace dokku::proxy::session
