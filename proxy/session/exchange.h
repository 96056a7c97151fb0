// Exchange: one request and its answer: route, connection to the app, retries, back-pressure.
//
//   begin ──> connecting ──> active ──> answering ──> finished
//     │ ↑        │  ↑           │           └──> tunnel ──> finished
//     │ │        └──┴── retry ──┴──> failed
//     └─┴─ held ──────────────────────^
//
// Sits between a Downstream and an AppSide and owns neither. Pooled by Context. All
// calls come from the loop's thread; finished() and failed() of the Downstream end it, so they come
// last.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/route/table.h"
#include "proxy/session/account.h"
#include "proxy/session/app_side.h"
#include "proxy/session/context.h"
#include "proxy/session/downstream.h"
#include "proxy/session/holds.h"

namespace dokku::proxy::session {

// Where a request came from.
struct Origin {
  std::string_view client_ip;
  std::string_view port_text;  // of our listener
  std::uint16_t port = 0;
  bool own_port = false;  // one of the proxy's own, which all groups share
  bool tls = false;
  std::string_view server_name{};  // of TLS; empty: the client is held to no name
  const net::Address* peer = nullptr;
};

// A run of a request's body, without framing.
struct BodyPart {
  std::string_view data;
  bool end = false;
  std::string_view trailers;
};

class Exchange {
 public:
  explicit Exchange(Context& context) : context_(context) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // `head` and `body` are used during the call only.
  void begin(Downstream& downstream, const http::RequestHead& head, const Origin& origin,
             const BodyPart& body);
  // More of the body, or of a tunnel. Only while takes_body().
  void body(const BodyPart& part);
  bool takes_body() const;
  bool body_done() const { return body_done_; }
  void resume_answer();
  // The client has gone: drops the connection to the app.
  void client_gone();
  TimePoint last_progress() const { return last_progress_; }
  bool half_closed() const { return client_ended_ || app_ended_; }
  void clear();

  // From Holds.
  void let_go();
  void held_too_long();

  // From the AppSide.
  void on_connected();
  void on_connect_failed(int status);
  void on_writable();
  void on_answer(const AnswerPart& part, bool app_keeps_alive);
  // It is over, before the answer was whole.
  void on_lost(const Loss& loss);
  bool answer_blocked() const { return downstream_->blocked(); }
  std::size_t answer_room() const { return downstream_->room(); }
  bool tunnelling() const { return tunnel_; }
  http::Method method() const { return method_; }
  // Of the app that was found; before that, the server's.
  const Settings& settings() const {
    return route_ ? route_->group.settings : context_.defaults;
  }
  bool upgrade_asked() const { return upgrade_asked_; }
  // Of gRPC, to an app that speaks HTTP/2. It has a deadline of its own, if its client wants one.
  bool is_call() const { return grpc_; }
  // Fields that every answer of this route gets besides the app's own.
  std::string_view answer_lines() const {
    return secure_ && route_ ? std::string_view(route_->hsts) : std::string_view();
  }

 private:
  enum class State : std::uint8_t { idle, held, connecting, active, answering };

  // False: the exchange has failed and is over.
  bool connect(bool fresh);
  void take_connection(bool fresh);
  bool too_large(const http::RequestHead& head);
  bool count_body(const BodyPart& part);
  bool answer_ourselves(const http::RequestHead& head, const Origin& origin);
  void send(const BodyPart& part);
  route::Endpoint* choose();
  bool must_wait() const { return route_->group.settings.hold; }
  void hold(const BodyPart& body);
  void remember(const BodyPart& part);
  bool may_send_again(const Loss& loss) const;
  bool take_route_of_now();
  void retry(bool fresh, int status, std::optional<h2::Reset> said);
  void release(bool reusable);
  void fail(int status, std::optional<h2::Reset> said = {});
  void fail_call(int status, bool begun);
  void end_tunnel();

  Context& context_;
  Downstream* downstream_ = nullptr;
  std::shared_ptr<const route::Route> route_;
  const route::Entrance* entrance_ = nullptr;  // of route_
  std::uint16_t port_ = 0;
  bool own_port_ = false;
  bool secure_ = false;
  std::shared_ptr<route::Endpoint> endpoint_;
  const route::Endpoint* refused_by_ = nullptr;  // compared, never followed
  AppSide* upstream_ = nullptr;
  HoldTicket ticket_;  // held
  Account account_;
  State state_ = State::idle;
  http::Method method_ = http::Method::other;
  http::Body body_kind_ = http::Body::none;
  bool body_done_ = true;
  bool wants_continue_ = false;
  bool continued_ = false;  // we have answered 100 ourselves
  bool upgrade_asked_ = false;
  bool app_speaks_h2_ = false;
  bool grpc_ = false;  // a call, to an app that speaks HTTP/2
  bool tunnel_ = false;
  bool client_ended_ = false;
  bool app_ended_ = false;
  bool reused_ = false;  // the connection has served others before
  bool head_sent_ = false;
  bool replayable_ = true;  // replay_ holds everything that was sent
  int attempts_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::string replay_;  // head, and body as far as it must be kept
  std::string replay_trailers_;  // of the body in it, where they are no part of the framing
  TimePoint last_progress_{};
};

}  // namespace dokku::proxy::session
