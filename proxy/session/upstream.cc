#include "proxy/session/upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/h1/rules.h"
#include "proxy/session/framing.h"

namespace dokku::proxy::session {

using http::Body;

UpstreamConnection::UpstreamConnection(Context& context, std::shared_ptr<route::Endpoint> endpoint)
    : context_(context), endpoint_(std::move(endpoint)) {}

UpstreamConnection* UpstreamConnection::open(Context& context,
                                             std::shared_ptr<route::Endpoint> endpoint,
                                             Exchange& exchange) {
  const net::Address& address = endpoint->address;
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return nullptr;
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), address.get(), address.size()) < 0 && errno != EINPROGRESS) {
    return nullptr;
  }
  auto connection = std::make_unique<UpstreamConnection>(context, std::move(endpoint));
  connection->stream_ = net::Stream(std::move(fd));
  connection->exchange_ = &exchange;
  connection->acks_.begin(context.limits.early_acks_max);
  if (!context.loop.watch(connection->stream_.fd(), *connection)) return nullptr;
  connection->arm(exchange.settings().proxy_connect_timeout);
  ++context.counters.app_connections;
  return &context.upstreams.add(std::move(connection));
}

UpstreamConnection* UpstreamConnection::reuse(route::Endpoint& endpoint, Exchange& exchange) {
  while (!endpoint.idle.empty()) {
    auto& connection = static_cast<UpstreamConnection&>(*endpoint.idle.back());
    const net::Stream& stream = connection.stream_;
    if (stream.readable() || stream.broken()) {
      connection.drop();
      continue;
    }
    endpoint.remove_idle(connection);
    connection.idle_ = false;
    connection.heard_ = false;
    connection.request_whole_ = false;
    connection.sent_before_ = stream.bytes_sent();
    connection.progress_ = {};
    connection.exchange_ = &exchange;
    connection.acks_.begin(connection.context_.limits.early_acks_max);
    connection.arm(exchange.settings().proxy_read_timeout);
    return &connection;
  }
  return nullptr;
}

bool UpstreamConnection::send(const RequestRun& run) {
  const FramedRun framed(run.framing, run.data, run.end, run.trailers);
  net::Gather gather;
  gather.add(run.saved);
  framed.each([&](std::string_view piece) { gather.add(piece); });
  if (gather.count() == 0) return true;
  const bool written = stream_.write(gather);
  const Settings& settings = exchange_->settings();
  arm(backed_up() ? settings.proxy_send_timeout : settings.proxy_read_timeout);
  return written;
}

void UpstreamConnection::await_answer() {
  request_whole_ = true;
  arm(exchange_->settings().proxy_read_timeout);
}

void UpstreamConnection::release(bool reusable) {
  const Settings& settings = std::exchange(exchange_, nullptr)->settings();
  const bool keep = reusable && reusable_ && !connecting_ && !in_body_ && in_.empty() &&
                    !stream_.readable() && !stream_.broken() && stream_.pending() == 0 &&
                    !endpoint_->retired() && !context_.draining && keep_alive_seconds_ != 0 &&
                    keep_alive_seconds_ != 1 && endpoint_->idle.size() < settings.proxy_keepalive;
  if (!keep) return close();
  idle_ = true;
  endpoint_->add_idle(*this);
  Duration limit = settings.proxy_keepalive_timeout;
  // A second less than the app said: it must be us who ends it.
  if (keep_alive_seconds_ > 1) {
    limit = std::min<Duration>(limit, std::chrono::seconds(keep_alive_seconds_ - 1));
  }
  arm(limit);
}

void UpstreamConnection::drop() {
  endpoint_->remove_idle(*this);
  idle_ = false;
  close();
}

void UpstreamConnection::close() {
  context_.loop.timers().clear(*this);
  stream_.close();
  context_.loop.discard(context_.upstreams.take(*this));
}

void UpstreamConnection::on_events(std::uint32_t events) {
  stream_.note(events);
  if (connecting_) {
    on_connect();
  } else {
    advance();
  }
}

void UpstreamConnection::on_connect() {
  int err = 0;
  socklen_t size = sizeof err;
  ::getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &err, &size);
  if (err != 0 || stream_.broken()) return exchange_->on_connect_failed(502);
  connecting_ = false;
  arm(exchange_->settings().proxy_read_timeout);
  exchange_->on_connected();
  if (exchange_ != nullptr) advance();
}

void UpstreamConnection::advance() {
  if (idle_) {
    if (stream_.readable() || stream_.broken()) drop();
    return;
  }
  if (exchange_ == nullptr) return;
  if (backed_up()) {
    // A broken pipe here is no verdict yet: an answer may have come before it.
    const std::uint64_t sent = stream_.bytes_sent();
    stream_.flush();
    if (stream_.bytes_sent() != sent) arm(exchange_->settings().proxy_send_timeout);
    if (!backed_up()) {
      arm(exchange_->settings().proxy_read_timeout);
      exchange_->on_writable();
    }
  }
  read_some();
}

void UpstreamConnection::read_some() {
  std::size_t budget = context_.limits.bytes_per_turn;
  while (exchange_ != nullptr && stream_.readable() && !exchange_->answer_blocked()) {
    if (budget == 0) return context_.loop.again(*this);
    const std::size_t most = std::min(context_.scratch.size(), exchange_->answer_room());
    const net::Stream::Read got = stream_.read(context_.scratch.data(), most);
    if (got.end || got.failed) return on_end(got.failed);
    if (got.size == 0) return;
    heard_ = true;
    arm(exchange_->settings().proxy_read_timeout);
    feed(context_.scratch.data(), got.size);
    // An app that writes head and body apart holds the second back until the first is acknowledged.
    if (exchange_ != nullptr && AckPolicy::small(got.size) &&
        acks_.wants(!in_body_ || decoder_.in_the_middle())) {
      stream_.acknowledge_now();
    }
    budget -= std::min(budget, got.size);
  }
}

void UpstreamConnection::feed(char* bytes, std::size_t size) {
  if (in_.empty()) {
    const std::size_t used = consume(bytes, size);
    if (used < size && exchange_ != nullptr) in_.assign(bytes + used, size - used);
    return;
  }
  std::string all = std::exchange(in_, {});
  all.append(bytes, size);
  const std::size_t used = consume(all.data(), all.size());
  if (used < all.size() && exchange_ != nullptr) in_ = all.substr(used);
}

// Works through one read; stops at an incomplete head, or when the exchange is over.
std::size_t UpstreamConnection::consume(char* bytes, std::size_t size) {
  std::size_t at = 0;
  while (exchange_ != nullptr && at < size) {
    if (in_body_) {
      take_body(nullptr, bytes, size, at);
    } else if (!take_head(bytes, size, at)) {
      return at;
    }
  }
  return at;
}

// False: more bytes are needed, or it is over.
bool UpstreamConnection::take_head(char* bytes, std::size_t size, std::size_t& at) {
  http::AnswerHead& head = context_.answer;
  const h1::HeadResult result = h1::parse_answer(
      {bytes + at, size - at}, progress_, {exchange_->method(), exchange_->upgrade_asked()}, head);
  if (result.refused()) {
    lose(502);
    return false;
  }
  if (!result.done()) return false;
  progress_ = {};
  at += result.consumed;
  if (head.interim()) {
    exchange_->on_answer({&head, {}, false, {}}, true);
    return exchange_ != nullptr;
  }
  reusable_ = head.keep_alive;
  if (head.keep_alive_seconds >= 0) keep_alive_seconds_ = head.keep_alive_seconds;
  const bool tunnel = head.status == 101;
  if (tunnel) acks_.begin(0);
  decoder_.start(tunnel ? Body::until_close : head.body, head.length);
  in_body_ = true;
  take_body(&head, bytes, size, at);
  return exchange_ != nullptr;
}

void UpstreamConnection::take_body(const http::AnswerHead* head, char* bytes, std::size_t size,
                                   std::size_t& at) {
  const h1::BodyDecoder::Step step = decoder_.next_all(bytes + at, size - at);
  at += step.consumed;
  if (step.status == h1::BodyDecoder::Status::bad) {
    // What came before the fault may go out, if the answer has begun; its end never will.
    return lose(502);
  }
  const bool end = step.status == h1::BodyDecoder::Status::done;
  if (end) {
    in_body_ = false;
    // Bytes that nobody asked for: this connection is not to be trusted with another request.
    if (at < size && h1::enforced(h1::Rule::nothing_behind_an_answer)) reusable_ = false;
  }
  exchange_->on_answer({head, step.data, end, decoder_.trailers()}, reusable_);
}

void UpstreamConnection::on_end(bool failed) {
  reusable_ = false;
  const bool by_close = decoder_.kind() == Body::until_close ||
                        !h1::enforced(h1::Rule::cut_off_is_not_whole);
  if (in_body_ && !failed && by_close) {
    if (!exchange_->tunnelling()) in_body_ = false;
    return exchange_->on_answer({nullptr, {}, true, {}}, false);
  }
  lose(502);
}

void UpstreamConnection::lose(int status) { exchange_->on_lost({status, /*silent=*/!heard_}); }

void UpstreamConnection::on_timer() {
  if (idle_) return drop();
  if (exchange_ == nullptr) return;
  if (connecting_) return exchange_->on_connect_failed(504);
  // Tunnels are timed by the client's side; and while we wait for the client, the app may too.
  const bool clients_turn = exchange_->answer_blocked() || (!request_whole_ && !backed_up());
  if (exchange_->tunnelling() || clients_turn) {
    return arm(exchange_->settings().proxy_read_timeout);
  }
  lose(504);
}

}  // namespace dokku::proxy::session
