#include "proxy/session/app_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace dokku::proxy::session {

AppConnection::AppConnection(Context& context, std::shared_ptr<route::Endpoint> endpoint)
    : context_(context), endpoint_(std::move(endpoint)) {}

AppSide* AppConnection::begin(Context& context, const std::shared_ptr<route::Endpoint>& endpoint,
                              Exchange& exchange, bool& connected) {
  connected = false;
  AppConnection* found = nullptr;
  for (route::SharedConnection* each : endpoint->shared) {
    auto& candidate = static_cast<AppConnection&>(*each);
    if (candidate.takes_more()) found = &candidate;
  }
  if (found == nullptr) found = open(context, endpoint, exchange);
  if (found == nullptr) return nullptr;
  connected = !found->connecting_;
  found->idle_limit_ = exchange.settings().proxy_keepalive == 0
                           ? Duration::zero()
                           : Duration(exchange.settings().proxy_keepalive_timeout);
  found->silence_limit_ = exchange.settings().proxy_read_timeout;
  if (std::exchange(found->resting_, false)) found->look_after();
  return &found->streams_.add(std::make_unique<AppStream>(*found, exchange));
}

AppConnection* AppConnection::open(Context& context, std::shared_ptr<route::Endpoint> endpoint,
                                   Exchange& exchange) {
  const net::Address& address = endpoint->address;
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return nullptr;
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), address.get(), address.size()) < 0 && errno != EINPROGRESS) {
    return nullptr;
  }
  auto made = std::make_unique<AppConnection>(context, endpoint);
  made->session_ = h2::AppSession::create(*made, context.answer);
  made->stream_ = net::Stream(std::move(fd));
  if (!made->session_ || !context.loop.watch(made->stream_.fd(), *made)) return nullptr;
  made->arm(exchange.settings().proxy_connect_timeout);
  ++context.counters.app_connections;
  AppConnection& connection = context.app_connections.add(std::move(made));
  endpoint->shared.push_back(&connection);
  return &connection;
}

bool AppConnection::takes_more() const {
  return !leaving_ && !ended_ && !stream_.broken() && !stream_.peer_ended() &&
         session_->takes_requests() && streams_.size() < session_->streams_max();
}

void AppConnection::on_events(std::uint32_t events) {
  stream_.note(events);
  if (connecting_) return on_connect();
  if (stream_.pending() > 0) stream_.flush();
  read_some();
}

void AppConnection::on_again() {
  if (connecting_) return forgotten_.clear();
  read_some();
}

void AppConnection::on_connect() {
  int err = 0;
  socklen_t size = sizeof err;
  ::getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &err, &size);
  if (err != 0 || stream_.broken()) return fail_to_connect(502);
  connecting_ = false;
  look_after();
  std::vector<Exchange*> waiting;
  for (std::size_t i = 0; i < streams_.size(); ++i) waiting.push_back(streams_[i].exchange());
  for (Exchange* each : waiting) each->on_connected();
  read_some();
}

void AppConnection::fail_to_connect(int status) {
  leave();
  while (streams_.size() > 0) {
    const std::unique_ptr<AppStream> stream = take(streams_[0]);
    stream->on_connect_failed(status);
  }
  close();
}

void AppConnection::read_some() {
  std::size_t budget = context_.limits.bytes_per_turn;
  while (stream_.readable()) {
    if (budget == 0) {
      wake();
      break;
    }
    const net::Stream::Read got = stream_.read(context_.scratch.data(), context_.scratch.size());
    if (got.end || got.failed) {
      ended_ = true;
      return lose_all();
    }
    if (got.size == 0) break;
    heard_ += got.size;
    budget -= std::min(budget, got.size);
    if (!session_->receive({context_.scratch.data(), got.size}, context_.loop.now())) leave();
  }
  work();
}

void AppConnection::work() {
  while (!not_begun_.empty()) not_begun_.back()->lose(502, /*unprocessed=*/true);
  forgotten_.clear();
  send();
  const bool said = stream_.pending() == 0 || stream_.broken();
  if (session_->over() && said) return lose_all();
  if (streams_.size() == 0) rest();
}

// Gathers frames, so that many go out by one call.
void AppConnection::send() {
  std::string& out = context_.app_out;
  while (stream_.pending() == 0 && !stream_.broken()) {
    out.clear();
    while (out.size() < context_.limits.h2_gather_bytes) {
      const std::string_view frame = session_->next_output();
      if (frame.empty()) break;
      out += frame;
    }
    if (out.empty()) return;
    // The app no longer listens; what it said before, reading will tell.
    if (!stream_.write(out)) return wake();
  }
}

// Nothing is under way.
void AppConnection::rest() {
  const bool keep = takes_more() && !endpoint_->retired() && !context_.draining &&
                    idle_limit_ > Duration::zero();
  if (!keep) return close();
  if (!std::exchange(resting_, true)) arm(idle_limit_);
}

void AppConnection::on_timer() {
  if (connecting_) return fail_to_connect(504);
  if (streams_.size() == 0) return close();
  if (heard_ != heard_before_) return look_after();
  if (asked_) return give_up();
  ask_for_life();
}

void AppConnection::look_after() {
  asked_ = false;
  heard_before_ = heard_;
  arm(silence_limit_);
}

// Of what is under way each request has its own limit, and a long one if it is a call. This finds
// the app that has gone without a word, or stands still.
void AppConnection::ask_for_life() {
  const TimePoint now = context_.loop.now();
  if (now < may_ask_from_) return arm(may_ask_from_ - now);
  may_ask_from_ = now + context_.limits.app_ping_gap;
  asked_ = true;
  session_->ping();
  send();
  arm(silence_limit_);
}

void AppConnection::retire() {
  leave();
  wake();
}

void AppConnection::leave() {
  if (!std::exchange(leaving_, true)) endpoint_->remove_shared(*this);
}

void AppConnection::lose_all() {
  leave();
  while (streams_.size() > 0) {
    const std::unique_ptr<AppStream> stream = take(streams_[0]);
    stream->on_closed({h2::StreamEnd::Kind::broken, h2::Reset::internal_error});
  }
  close();
}

// It did not answer: nothing of what is under way ever will.
void AppConnection::give_up() {
  leave();
  while (streams_.size() > 0) {
    const std::unique_ptr<AppStream> stream = take(streams_[0]);
    stream->on_silence();
  }
  close();
}

// Says goodbye as far as that can still be said.
void AppConnection::close() {
  leave();
  if (!connecting_ && !ended_ && !stream_.broken() && stream_.pending() == 0) {
    session_->end();
    send();
  }
  context_.loop.timers().clear(*this);
  stream_.close();
  context_.loop.discard(context_.app_connections.take(*this));
}

AppStream* AppConnection::find(std::int32_t stream) {
  const auto found = by_id_.find(stream);
  return found == by_id_.end() ? nullptr : found->second;
}

std::unique_ptr<AppStream> AppConnection::take(AppStream& stream) {
  by_id_.erase(stream.id());
  return streams_.take(stream);
}

void AppConnection::forget(AppStream& stream) {
  std::erase(not_begun_, &stream);
  forgotten_.push_back(take(stream));
}

void AppConnection::on_answer(std::int32_t stream, const http::AnswerHead& head, bool end) {
  if (AppStream* found = find(stream)) found->on_answer(head, end);
}

void AppConnection::on_data(std::int32_t stream, std::string_view data) {
  if (AppStream* found = find(stream)) found->on_data(data);
}

void AppConnection::on_answer_end(std::int32_t stream, std::string_view trailers) {
  if (AppStream* found = find(stream)) found->on_answer_end(trailers);
}

void AppConnection::on_closed(std::int32_t stream, const h2::StreamEnd& end) {
  AppStream* found = find(stream);
  if (found == nullptr) return;
  const std::unique_ptr<AppStream> taken = take(*found);
  taken->on_closed(end);
  wake();
}

h2::Outgoing AppConnection::pull(std::int32_t stream, char* into, std::size_t size) {
  AppStream* found = find(stream);
  return found == nullptr ? h2::Outgoing{0, true, {}} : found->pull(into, size);
}

}  // namespace dokku::proxy::session
