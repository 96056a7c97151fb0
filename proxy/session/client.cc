#include "proxy/session/client.h"

#include <algorithm>
#include <utility>

#include "proxy/h1/rules.h"
#include "proxy/h1/write.h"
#include "proxy/http/characters.h"
#include "proxy/session/framing.h"
#include "proxy/session/pages.h"
#include "proxy/tls/server.h"

namespace dokku::proxy::session {

using http::Body;

// Ten thousand of them may be idle.
static_assert(sizeof(ClientConnection) <= 336);

ClientConnection::ClientConnection(Context& context, UniqueFd fd, const net::Address& peer,
                                   std::shared_ptr<const ListenerInfo> listener)
    : context_(context),
      stream_(std::move(fd)),
      listener_(std::move(listener)),
      peer_(peer) {
  keep_limits(context.defaults);
}

const Settings& ClientConnection::settings() const {
  return exchange_ ? exchange_->settings() : context_.defaults;
}

void ClientConnection::start() {
  if (!context_.loop.watch(stream_.fd(), *this)) return lose();
  const bool tls =
      listener_->own ? listener_->tls : context_.routes.speaks_tls(listener_->port);
  if (!tls) {
    keep_limits(context_.settings_before_request(listener_->port, listener_->own, {}));
    return arm(idle_limit_);
  }
  auto filter =
      context_.tls == nullptr ? nullptr : context_.tls->accept(listener_->port, listener_->own);
  if (!filter) return lose();
  stream_.set_filter(std::move(filter));
  shaking_hands_ = true;
  arm(context_.limits.handshake_time);
}

// After each read of a TLS connection's first moments. False: it is over.
bool ClientConnection::shake_hands() {
  const net::Filter& filter = *stream_.filter();
  if (!filter.established()) return true;
  shaking_hands_ = false;
  keep_limits(context_.settings_before_request(listener_->port, listener_->own,
                                               filter.server_name()));
  arm(idle_limit_);
  // A certificate authority has seen the certificate, and wants nothing else (RFC 8737 §3).
  if (filter.protocol() == "acme-tls/1") {
    close_politely();
    return false;
  }
  if (filter.protocol() == "h2") begin_h2();
  return !discarded();
}

void ClientConnection::drain() {
  if (h2_) return h2_->drain();
  keep_alive_ = false;
  if (state_ == State::waiting && in_.empty() && !stream_.readable()) close_politely();
}

void ClientConnection::on_events(std::uint32_t events) {
  stream_.note(events);
  advance();
}

void ClientConnection::advance() {
  if (h2_) return advance_h2();
  // Only a tunnel's last bytes are still worth reading once both directions are over.
  if (stream_.broken() && state_ != State::tunnel) return lose();
  if (!flush()) return;
  take_saved();
  if (!discarded()) read_some();
}

// False: bytes still wait for the client, or it has gone.
bool ClientConnection::flush() {
  if (stream_.pending() == 0) return true;
  const bool alive = stream_.flush();
  if (!alive) {
    lose();
    return false;
  }
  if (stream_.pending() > 0) return false;
  if (closing_) {
    finish_closing();
    return !discarded();
  }
  if (exchange_) exchange_->resume_answer();
  return true;
}

bool ClientConnection::takes_input() const {
  if (discarded() || closing_ || h2_) return false;
  switch (state_) {
    case State::waiting:
      return stream_.pending() == 0;
    case State::body:
    case State::tunnel:
      return exchange_->takes_body();
    case State::answering:
      return false;
    case State::lingering:
      return true;
  }
  return false;
}

// A message has begun that is not whole: its sender may hold the rest back until we acknowledge.
bool ClientConnection::awaits_more() {
  if (state_ == State::waiting) return !in_.empty();
  const bool open = state_ == State::body || state_ == State::tunnel;
  return open && acks_.wants(state_ == State::body && decoder_.in_the_middle());
}

void ClientConnection::take_saved() {
  if (in_.empty() || !takes_input()) return;
  std::string saved = std::exchange(in_, {});
  const std::size_t used = consume(saved.data(), saved.size());
  if (used < saved.size() && !discarded()) in_ = saved.substr(used);
}

void ClientConnection::read_some() {
  std::size_t budget = context_.limits.bytes_per_turn;
  bool small_reads = false;
  while (stream_.readable() && takes_input()) {
    if (budget == 0) return context_.loop.again(*this);
    std::vector<char>& scratch = context_.scratch;
    const net::Stream::Read got = stream_.read(scratch.data(), scratch.size());
    if (got.failed) return lose();
    if (shaking_hands_ && !shake_hands()) return;
    if (h2_) return go_on_in_h2({scratch.data(), got.size}, got.end);
    if (got.end) return on_end();
    if (got.size == 0) break;
    budget -= std::min(budget, got.size);
    if (AckPolicy::small(got.size)) small_reads = true;
    if (in_.empty()) {
      const std::size_t used = consume(scratch.data(), got.size);
      if (used < got.size && !discarded()) in_.assign(scratch.data() + used, got.size - used);
    } else {
      in_.append(scratch.data(), got.size);
      take_saved();
    }
  }
  if (small_reads && !discarded() && awaits_more()) stream_.acknowledge_now();
}

// Works through bytes until they are used up or must wait; returns how many were used.
std::size_t ClientConnection::consume(char* bytes, std::size_t size) {
  std::size_t at = 0;
  while (at < size && takes_input()) {
    switch (state_) {
      case State::waiting: {
        const std::size_t used = take_head(bytes + at, size - at);
        if (used == 0) return at;
        at += used;
        break;
      }
      case State::body:
        at += take_body(bytes + at, size - at);
        break;
      case State::tunnel:
        arm(settings().proxy_tunnel_timeout);
        exchange_->body({{bytes + at, size - at}, false, {}});
        return size;
      case State::answering:
      case State::lingering:
        return size;
    }
  }
  return at;
}

// 0: the head is incomplete.
std::size_t ClientConnection::take_head(char* bytes, std::size_t size) {
  if (preface_begins({bytes, size})) {
    if (size < h2::kPreface.size()) {
      if (std::exchange(progress_.searched, 1U) == 0) arm(head_limit_);
      return 0;
    }
    begin_h2();
    if (h2_ && !h2_->receive({bytes, size})) close_politely();
    return size;
  }
  http::RequestHead& head = context_.request;
  const bool first_bytes = progress_.searched == 0;
  const h1::HeadResult result =
      h1::parse_request({bytes, size}, progress_, head, context_.limits.request_head);
  if (result.refused()) {
    refuse(result.status);
    return size;
  }
  if (!result.done()) {
    // One limit for the whole head, however slowly it trickles in.
    if (first_bytes) arm(head_limit_);
    if (progress_.searched == 0) progress_.searched = 1;
    return 0;
  }
  progress_ = {};
  acks_.begin(context_.limits.early_acks_max);
  client_is_1_0_ = head.minor == 0;
  head_asked_ = head.method_id == http::Method::head;
  keep_alive_ = head.keep_alive && !context_.draining;
  answer_begun_ = false;
  // What follows an upgrade's head waits until the app has agreed.
  const bool eager = !head.upgrade.empty() && !h1::enforced(h1::Rule::upgrade_waits_for_101);
  decoder_.start(eager ? Body::until_close : head.body, head.length);
  const h1::BodyDecoder::Step step =
      decoder_.next_all(bytes + result.consumed, size - result.consumed);
  if (step.status == h1::BodyDecoder::Status::bad) {
    refuse(400);
    return size;
  }
  const bool whole = step.status == h1::BodyDecoder::Status::done;
  state_ = whole ? State::answering : State::body;
  begin_exchange({step.data, whole, whole ? decoder_.trailers() : std::string_view()});
  return result.consumed + step.consumed;
}

void ClientConnection::begin_exchange(const BodyPart& body) {
  const http::RequestHead& head = context_.request;
  // The last hop that an OPTIONS may reach is us (RFC 9110 §7.6.2).
  if (head.max_forwards == 0) return send_page(200, keep_alive_ && body.end);
  const std::string ip = peer_.ip();
  exchange_ = context_.take_exchange();
  Origin origin{ip, listener_->port_text, listener_->port, listener_->own};
  origin.peer = &peer_;
  if (const net::Filter* filter = stream_.filter(); filter != nullptr) {
    origin.tls = true;
    origin.server_name = filter->server_name();
  }
  exchange_->begin(*this, head, origin, body);
  if (exchange_ && state_ != State::tunnel) arm(settings().client_body_timeout);
}

std::size_t ClientConnection::take_body(char* bytes, std::size_t size) {
  const h1::BodyDecoder::Step step = decoder_.next_all(bytes, size);
  if (step.status == h1::BodyDecoder::Status::bad) {
    if (answer_begun_) {
      lose();
    } else {
      exchange_->client_gone();
      context_.give_back(std::move(exchange_));
      refuse(400);
    }
    return size;
  }
  const bool whole = step.status == h1::BodyDecoder::Status::done;
  if (whole) state_ = State::answering;
  arm(settings().client_body_timeout);
  exchange_->body({step.data, whole, whole ? decoder_.trailers() : std::string_view()});
  return step.consumed;
}

bool ClientConnection::deliver(const AnswerPart& part) {
  context_.out.clear();
  if (part.head != nullptr) {
    if (part.head->interim()) {
      if (client_is_1_0_ && h1::enforced(h1::Rule::no_interim_to_1_0)) return true;
      h1::append_answer(context_.out, *part.head, {});
      return stream_.write(context_.out);
    }
    begin_answer(*part.head);
  }
  const FramedRun run(answer_body_, part.data, part.end, part.trailers);
  net::Gather gather;
  gather.add(context_.out);
  run.each([&](std::string_view piece) { gather.add(piece); });
  if (gather.count() > 0 && !stream_.write(gather)) return false;
  if (state_ == State::tunnel) {
    arm(settings().proxy_tunnel_timeout);
    if (websocket_) websocket_->feed(part.data);
    if (part.end) {
      say_going_away();
      stream_.end_writing();
    }
  } else if (stream_.pending() > 0) {
    arm(settings().send_timeout);
  }
  return true;
}

// A websocket that its app leaves, or that we must end, is told so. False: it is none, or is in the
// middle of a frame.
bool ClientConnection::say_going_away() {
  if (!websocket_ || !websocket_->may_add()) return false;
  websocket_->feed(ws::kGoingAway);
  return stream_.write(ws::kGoingAway);
}

// Decides how the body is framed for this client, and appends the head to `out`.
void ClientConnection::begin_answer(const http::AnswerHead& head) {
  answer_begun_ = true;
  if (head.status == 101) {
    state_ = State::tunnel;
    acks_.begin(0);
    answer_body_ = Body::until_close;
    if (http::equal_ignoring_case(head.upgrade, "websocket")) {
      websocket_ = std::make_unique<ws::FrameWalker>();
    }
    context_.loop.again(*this);
  } else if (head.body == Body::chunked || head.body == Body::until_close) {
    answer_body_ = client_is_1_0_ ? Body::until_close : Body::chunked;
    if (client_is_1_0_) keep_alive_ = false;
  } else {
    answer_body_ = head.body;
  }
  // An answer that overtakes its request's body: the rest may never come, or be meant for us.
  const bool early = state_ == State::body && h1::enforced(h1::Rule::early_answer_ends_connection);
  if (early || context_.draining) keep_alive_ = false;
  h1::append_answer(context_.out, head,
                    {answer_body_, keep_alive_, client_is_1_0_, context_.date(),
                     exchange_->answer_lines()});
}

void ClientConnection::ask_for_body() {
  if (!answer_begun_) stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
}

// The app's own limits hold until the next request is known, too.
void ClientConnection::keep_limits(const Settings& settings) {
  const auto brief = [](Settings::Millis limit) {
    return std::chrono::duration_cast<BriefMillis>(limit);
  };
  head_limit_ = brief(settings.client_header_timeout);
  idle_limit_ = brief(settings.keepalive_timeout);
  linger_limit_ = brief(settings.lingering_timeout);
}

void ClientConnection::finished() {
  keep_limits(settings());
  context_.give_back(std::move(exchange_));
  if (!keep_alive_ || state_ != State::answering) return close_politely();
  await_request();
}

void ClientConnection::failed(const Failure& failure) {
  const auto& [status, text, said] = failure;
  if (answer_begun_ || status == 0) {
    context_.give_back(std::move(exchange_));
    if (say_going_away()) return close_politely();
    // Where only the end of the connection ends the body, an orderly end would be a lie.
    if (answer_body_ == Body::until_close) stream_.reset_on_close();
    return lose();
  }
  send_own({status, text.empty() ? page(status) : text},
           keep_alive_ && state_ == State::answering);
}

void ClientConnection::answer(const OwnAnswer& answer) {
  send_own(answer, keep_alive_ && state_ == State::answering);
}

void ClientConnection::refuse(int status) {
  ++context_.counters.refused;
  client_is_1_0_ = false;
  send_page(status, /*keep_alive=*/!h1::enforced(h1::Rule::refusal_ends_connection));
}

void ClientConnection::send_page(int status, bool keep_alive) {
  send_own({status, page(status)}, keep_alive);
}

// Written out, then the exchange (if there is one) is given back: it may hold what is written.
void ClientConnection::send_own(const OwnAnswer& answer, bool keep_alive) {
  http::AnswerHead& head = context_.answer;
  std::string seconds;
  describe(answer, head, seconds);
  context_.out.clear();
  const std::string_view lines = exchange_ ? exchange_->answer_lines() : std::string_view();
  h1::append_answer(context_.out, head,
                    {Body::length, keep_alive, client_is_1_0_, context_.date(), lines});
  if (!head_asked_) context_.out += answer.body;
  if (exchange_) keep_limits(settings());
  if (exchange_) context_.give_back(std::move(exchange_));
  if (!stream_.write(context_.out)) return lose();
  keep_alive_ = keep_alive;
  if (!keep_alive) return close_politely();
  await_request();
}

void ClientConnection::await_request() {
  state_ = State::waiting;
  arm(idle_limit_);
  if (!in_.empty() || stream_.readable()) context_.loop.again(*this);
}

// Ends our direction once everything is out, and reads on a little when the client may still be
// sending: closing at once would reset the connection, and with it what the client has not read.
void ClientConnection::close_politely() {
  if (h2_) {
    h2_.reset();
    state_ = State::lingering;
  }
  closing_ = true;
  arm(settings().send_timeout);
  if (stream_.pending() == 0) finish_closing();
}

void ClientConnection::finish_closing() {
  const bool all_read = state_ == State::waiting || state_ == State::answering;
  if (all_read && (stream_.peer_ended() || !stream_.readable())) return lose();
  closing_ = false;
  state_ = State::lingering;
  in_.clear();
  stream_.end_writing();
  arm(linger_limit_);
  context_.loop.again(*this);
}

void ClientConnection::on_end() {
  if (state_ == State::tunnel) {
    arm(context_.limits.tunnel_half_closed_time);
    return exchange_->body({{}, true, {}});
  }
  lose();
}

// The connection is over, whatever was under way.
void ClientConnection::lose() {
  if (discarded()) return;
  h2_.reset();
  if (exchange_) {
    exchange_->client_gone();
    context_.give_back(std::move(exchange_));
  }
  context_.loop.timers().clear(*this);
  stream_.close();
  context_.loop.discard(context_.clients.take(*this));
  if (context_.draining) context_.tell_idle();
}

void ClientConnection::on_timer() {
  const Limits& limits = context_.limits;
  if (h2_) return h2_->look_at_limits() ? arm(h2_->next_look()) : close_politely();
  const bool stuck = stream_.pending() > 0 && stream_.bytes_sent() == sent_mark_;
  sent_mark_ = stream_.bytes_sent();
  if (stuck) return lose();
  if (stream_.pending() > 0) return arm(settings().send_timeout);
  switch (state_) {
    case State::waiting:
      return in_.empty() ? lose() : refuse(408);
    case State::body:
      // The app does not take the body: that is between it and its own limit.
      if (!exchange_->takes_body()) return arm(settings().client_body_timeout);
      if (answer_begun_) return lose();
      exchange_->client_gone();
      context_.give_back(std::move(exchange_));
      return refuse(408);
    case State::answering:
      return arm(settings().send_timeout);
    case State::tunnel: {
      const Duration limit = exchange_->half_closed() ? limits.tunnel_half_closed_time
                                                      : settings().proxy_tunnel_timeout;
      const TimePoint due = exchange_->last_progress() + limit;
      if (due > context_.loop.now()) return context_.loop.timers().set(*this, due);
      exchange_->client_gone();
      context_.give_back(std::move(exchange_));
      return say_going_away() ? close_politely() : lose();
    }
    case State::lingering:
      return lose();
  }
}

}  // namespace dokku::proxy::session
