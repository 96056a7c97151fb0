#include "proxy/session/exchange.h"

#include <utility>

#include "proxy/h1/write.h"
#include "proxy/session/app_connection.h"
#include "proxy/session/forwarding.h"
#include "proxy/session/framing.h"
#include "proxy/session/grpc.h"
#include "proxy/session/own_answers.h"
#include "proxy/session/upstream.h"

namespace dokku::proxy::session {

using http::Body;

namespace {
constexpr std::string_view kTrailersTaken = "TE: trailers\r\n";
constexpr std::size_t kReplayKept = 16 * 1024;
}

void Exchange::begin(Downstream& downstream, const http::RequestHead& head, const Origin& origin,
                     const BodyPart& body) {
  ++context_.counters.requests;
  downstream_ = &downstream;
  method_ = head.method_id;
  body_kind_ = head.body;
  body_done_ = body.end;
  wants_continue_ = head.expects_continue && !body.end && body.data.empty();
  last_progress_ = context_.loop.now();
  port_ = origin.port;
  own_port_ = origin.own_port;
  const route::Found found = context_.routes.find(port_, own_port_, head.host);
  if (found.route == nullptr) return fail(404);
  route_ = *found.route;
  entrance_ = found.entrance;
  secure_ = origin.tls;
  app_speaks_h2_ = is_grpc(entrance_->listener.scheme);
  grpc_ = app_speaks_h2_ && head.by_h2 && is_grpc_call(head);
  upgrade_asked_ = !app_speaks_h2_ && !head.upgrade.empty();
  // HTTP/2 frames a body by itself.
  if (app_speaks_h2_) body_kind_ = Body::until_close;
  const h1::Forwarding told = forwarding(context_, *route_, head, origin);
  account_.begin(context_, *route_, head, origin, told.request_id);
  account_.took(body.data.size());
  if (answer_ourselves(head, origin) || too_large(head)) return;
  if (!count_body(body)) return fail(413);
  h1::append_request(replay_, head, told);
  if (app_speaks_h2_ && takes_trailers(head)) replay_.insert(replay_.size() - 2, kTrailersTaken);
  if (must_wait()) return hold(body);
  if (!connect(/*fresh=*/false)) return;
  if (state_ == State::connecting) {
    remember(body);
  } else {
    send(body);
  }
}

// Head and body wait in `replay_`.
void Exchange::hold(const BodyPart& body) {
  state_ = State::held;
  remember(body);
  const std::string& key = route_->group.key;
  if (context_.holds.enter(ticket_, *this, key, route_->group.settings, replay_.size())) return;
  account_.complain(context_, "the app is held, and no more requests may wait");
  fail(503);
}

void Exchange::held_too_long() {
  account_.complain(context_, "the app was held for too long");
  fail(504);
}

void Exchange::let_go() {
  if (!take_route_of_now()) return fail(404);
  if (must_wait()) return hold({});
  if (!connect(/*fresh=*/false) || state_ != State::active) return;
  send({});
  // Whatever of the body has not been read yet.
  if (!body_done_) downstream_->resume_body();
}

// True: it is refused, before the app has heard of it.
bool Exchange::too_large(const http::RequestHead& head) {
  const std::uint64_t most = settings().client_max_body_size;
  const bool body = most != 0 && head.body == Body::length && head.length > most;
  if (!body && head.bytes <= settings().large_client_header_buffers) return false;
  fail(body ? 413 : 431);
  return true;
}

// False: a body of unknown length has become too large.
bool Exchange::count_body(const BodyPart& part) {
  const std::uint64_t most = settings().client_max_body_size;
  body_bytes_ += part.data.size();
  return most == 0 || body_bytes_ <= most;
}

// True: it is answered, and the exchange over.
bool Exchange::answer_ourselves(const http::RequestHead& head, const Origin& origin) {
  if (misdirected(context_, *route_, head, origin)) {
    fail(421);
    return true;
  }
  const std::optional<OwnAnswer> answer = own_answer(*route_, *entrance_, head, origin);
  if (!answer) return false;
  if (grpc_ && answer->status == 503) {
    fail(503);
    return true;
  }
  account_.answers(answer->status);
  downstream_->answer(*answer);
  return true;
}

// Takes an idle connection or begins a new one. `fresh`: idle ones are not to be trusted now.
bool Exchange::connect(bool fresh) {
  while (attempts_ < context_.limits.attempts_max) {
    ++attempts_;
    route::Endpoint* chosen = choose();
    if (chosen == nullptr || chosen == refused_by_) break;
    for (const auto& endpoint : entrance_->endpoints) {
      if (endpoint.get() == chosen) endpoint_ = endpoint;
    }
    ++endpoint_->outstanding;
    account_.tries(endpoint_);
    head_sent_ = false;
    take_connection(fresh);
    if (upstream_ != nullptr) return true;
    refused_by_ = endpoint_.get();
    release(false);
  }
  account_.complain(context_, "no process of the app takes connections");
  fail(502);
  return false;
}

void Exchange::take_connection(bool fresh) {
  if (app_speaks_h2_) {
    upstream_ = AppConnection::begin(context_, endpoint_, *this, reused_);
  } else {
    reused_ = false;
    if (!fresh) upstream_ = UpstreamConnection::reuse(*endpoint_, *this);
    if (upstream_ != nullptr) {
      reused_ = true;
    } else {
      upstream_ = UpstreamConnection::open(context_, endpoint_, *this);
    }
  }
  state_ = reused_ ? State::active : State::connecting;
}

// The less loaded of two that are drawn by lot; one that has just refused only if there is no
// other.
route::Endpoint* Exchange::choose() {
  const auto& all = entrance_->endpoints;
  if (all.empty()) return nullptr;
  if (all.size() == 1) return all[0].get();
  const std::uint64_t lot = context_.random();
  const std::size_t first = static_cast<std::uint32_t>(lot) % all.size();
  const std::size_t other = (first + 1 + (lot >> 32) % (all.size() - 1)) % all.size();
  route::Endpoint* a = all[first].get();
  route::Endpoint* b = all[other].get();
  const TimePoint now = context_.loop.now();
  const auto usable = [&](const route::Endpoint* e) {
    return e->rests_until <= now && e != refused_by_;
  };
  if (usable(a) && usable(b)) return b->outstanding < a->outstanding ? b : a;
  if (usable(a)) return a;
  if (usable(b)) return b;
  for (const auto& endpoint : all) {
    if (usable(endpoint.get())) return endpoint.get();
  }
  return a != refused_by_ ? a : b;
}

// Keeps what may have to be sent again, or for the first time once the connection stands.
void Exchange::remember(const BodyPart& part) {
  if (!replayable_) return;
  if (app_speaks_h2_ && part.end) replay_trailers_ = part.trailers;
  const FramedRun run(body_kind_, part.data, part.end, part.trailers);
  const std::size_t before = replay_.size();
  run.each([&](std::string_view piece) { replay_ += piece; });
  if (ticket_.waits()) ticket_.grow(replay_.size() - before);
  const bool unsent = state_ == State::connecting || state_ == State::held;
  if (!unsent && replay_.size() > context_.limits.replay_bytes_max) {
    replayable_ = false;
    replay_.clear();
  }
}

void Exchange::send(const BodyPart& part) {
  const bool first = !std::exchange(head_sent_, true);
  RequestRun run{{}, body_kind_, part.data, part.end, part.trailers, body_done_ && !tunnel_};
  if (first) run.saved = replay_;
  if (first && !part.end) run.trailers = replay_trailers_;
  const bool written = upstream_->send(run);
  if (state_ == State::active && (reused_ || upstream_->hands_back())) {
    remember(part);
  } else {
    replayable_ = false;
  }
  last_progress_ = context_.loop.now();
  // The app no longer listens. It may have answered before, so reading decides what this means.
  if (!written) {
    return upstream_->resume();
  }
  if (tunnel_) {
    if (part.end) upstream_->end_writing();
    return;
  }
  if (body_done_) upstream_->await_answer();
  if (std::exchange(wants_continue_, false)) {
    continued_ = true;
    downstream_->ask_for_body();
  }
}

// Only a connection from the pool may have died before it heard us (RFC 9112 §9.3.1). What may not
// be repeated is sent again only if the kernel knows that nothing of it has arrived.
bool Exchange::may_send_again(const Loss& loss) const {
  if (!replayable_ || state_ != State::active) return false;
  if (loss.unprocessed) return true;
  return reused_ && (http::is_idempotent(method_) || upstream_->unheard());
}

bool Exchange::takes_body() const {
  if (client_ended_ || (body_done_ && !tunnel_)) return false;
  if (state_ == State::held && ticket_.full()) return false;
  if (state_ == State::connecting || state_ == State::held) {
    return replay_.size() < context_.limits.replay_bytes_max;
  }
  return upstream_ != nullptr && !upstream_->backed_up();
}

void Exchange::body(const BodyPart& part) {
  account_.took(part.data.size());
  if (tunnel_) {
    client_ended_ = part.end;
    send(part);
    if (client_ended_ && app_ended_) end_tunnel();
    return;
  }
  if (!count_body(part)) return fail(413);
  body_done_ = part.end;
  if (state_ == State::connecting || state_ == State::held) {
    remember(part);
  } else {
    send(part);
  }
}

void Exchange::on_connected() {
  state_ = State::active;
  send({});
  if (!body_done_) downstream_->resume_body();
}

void Exchange::on_writable() {
  last_progress_ = context_.loop.now();
  if (!body_done_ || tunnel_) downstream_->resume_body();
}

void Exchange::resume_answer() {
  if (upstream_ != nullptr && state_ != State::connecting) upstream_->resume();
}

void Exchange::on_connect_failed(int status) {
  endpoint_->rests_until = context_.loop.now() + context_.limits.rest_time;
  refused_by_ = endpoint_.get();
  account_.connect_failed(context_, status);
  retry(/*fresh=*/false, status, {});
}

// False: the app is unknown now.
bool Exchange::take_route_of_now() {
  const auto* route = context_.routes.find_key(route_->group.key);
  const auto* entrance = route == nullptr ? nullptr : (*route)->entrance(port_, own_port_);
  if (entrance == nullptr || is_grpc(entrance->listener.scheme) != app_speaks_h2_) return false;
  route_ = *route;
  entrance_ = entrance;
  return true;
}

// By the routes of now: the table may have changed since, and the old targets be gone.
void Exchange::retry(bool fresh, int status, std::optional<h2::Reset> said) {
  ++context_.counters.retries;
  account_.retries();
  release(/*reusable=*/false);
  take_route_of_now();
  if (must_wait() && replayable_) return hold({});
  const bool other = choose() != refused_by_;
  if (!other || attempts_ >= context_.limits.attempts_max) return fail(status, said);
  if (connect(fresh) && state_ == State::active) send({});
}

void Exchange::on_lost(const Loss& loss) {
  const bool again = loss.silent && loss.status == 502 && may_send_again(loss);
  if (again) return retry(/*fresh=*/true, loss.status, loss.said);
  const char* what = "ended the connection, or gave no valid answer";
  if (loss.said) what = "ended the stream";
  if (loss.status == 504) what = "is silent for too long";
  account_.complain_of_upstream(context_, what);
  fail(loss.status, loss.said);
}

void Exchange::on_answer(const AnswerPart& part, bool app_keeps_alive) {
  last_progress_ = context_.loop.now();
  if (part.head != nullptr && part.head->interim()) {
    // 100 is our own affair once we have sent it.
    const bool ours = part.head->status == 100 && continued_;
    if (!ours && !downstream_->deliver(part)) fail(0);
    return;
  }
  state_ = State::answering;
  if (part.head != nullptr) {
    account_.answers(part.head->status);
    // Nothing is sent again now, and a stream may go on for hours.
    if (replay_.capacity() > kReplayKept) std::string().swap(replay_);
  }
  account_.gave(part.data.size());
  if (part.head != nullptr && part.head->status == 101) {
    tunnel_ = true;
    body_kind_ = Body::until_close;
  }
  const bool whole = part.end && !tunnel_;
  if (!downstream_->deliver(part)) return fail(0);
  if (whole) {
    release(app_keeps_alive && body_done_);
    return downstream_->finished();
  }
  if (tunnel_ && part.end) {
    app_ended_ = true;
    if (client_ended_) end_tunnel();
  }
}

void Exchange::end_tunnel() {
  release(false);
  downstream_->finished();
}

void Exchange::client_gone() { release(false); }

void Exchange::release(bool reusable) {
  ticket_.leave();
  if (upstream_ != nullptr) std::exchange(upstream_, nullptr)->release(reusable);
  if (endpoint_ == nullptr) return;
  if (--endpoint_->outstanding == 0) context_.tell_idle();
  endpoint_ = nullptr;
}

void Exchange::fail(int status, std::optional<h2::Reset> said) {
  const bool begun = state_ == State::answering;
  release(/*reusable=*/false);
  account_.answers(status);
  if (grpc_ && status != 0 && !said) return fail_call(status, begun);
  std::string_view page;
  if (route_) {
    const auto& pages = route_->group.settings.error_pages;
    if (const auto found = pages.find(status); found != pages.end()) page = found->second;
  }
  // To all others than calls an app's code says nothing that our page does not.
  if (!grpc_ && !begun) said.reset();
  downstream_->failed({status, page, said});
}

void Exchange::fail_call(int status, bool begun) {
  if (!begun) return downstream_->answer(grpc_answer(status));
  if (!downstream_->deliver({nullptr, {}, true, grpc_end(status)})) return downstream_->failed({});
  downstream_->finished();
}

void Exchange::clear() {
  release(false);
  account_.end(context_);
  downstream_ = nullptr;
  route_ = nullptr;
  entrance_ = nullptr;
  refused_by_ = nullptr;
  state_ = State::idle;
  body_done_ = true;
  wants_continue_ = continued_ = upgrade_asked_ = tunnel_ = client_ended_ = app_ended_ = false;
  app_speaks_h2_ = grpc_ = false;
  reused_ = head_sent_ = false;
  replayable_ = true;
  attempts_ = 0;
  body_bytes_ = 0;
  if (replay_.capacity() > kReplayKept) std::string().swap(replay_);
  replay_.clear();
  replay_trailers_.clear();
}

}  // namespace dokku::proxy::session
