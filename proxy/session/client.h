// ClientConnection: one HTTP/1.1 connection from a client, one request at a time.
//
//   waiting ──> body ──> answering ──> waiting …
//      │          │          └──> tunnel ──> closed
//      └──────────┴──> lingering ──> closed
//
// Pipelined requests wait unread. Small when idle: no buffer, no exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/h1/body.h"
#include "proxy/h1/head.h"
#include "proxy/net/address.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"
#include "proxy/session/ack_policy.h"
#include "proxy/session/context.h"
#include "proxy/session/exchange.h"
#include "proxy/session/h2_connection.h"
#include "proxy/ws/frame_walker.h"

namespace dokku::proxy::session {

// What a connection knows of the listener it came by. Shared by all of its connections.
struct ListenerInfo {
  std::uint16_t port = 0;
  std::string port_text;  // for X-Forwarded-Port
  bool own = false;       // one of the proxy's own ports, which all groups share
  bool tls = false;       // of an own port; of others the table knows (they may change)
};

class ClientConnection final : public net::Watcher, private net::Timer, private Downstream {
 public:
  ClientConnection(Context& context, UniqueFd fd, const net::Address& peer,
                   std::shared_ptr<const ListenerInfo> listener);

  void start();
  // The worker is going: closes now when no request is under way, else after its answer.
  void drain();
  // It has gone on for as long as it may. A websocket is told so; false: there is nothing to tell.
  bool say_going_away();

  void on_events(std::uint32_t events) override;
  void on_again() override { advance(); }

  std::uint32_t registry_index = 0;

 private:
  enum class State : std::uint8_t { waiting, body, answering, tunnel, lingering };

  void on_timer() override;

  // Downstream.
  bool deliver(const AnswerPart& part) override;
  bool blocked() const override { return stream_.pending() > 0; }
  std::size_t room() const override { return context_.limits.read_bytes; }
  void ask_for_body() override;
  void resume_body() override { context_.loop.again(*this); }
  void finished() override;
  void failed(const Failure& failure) override;
  void answer(const OwnAnswer& answer) override;

  void advance();
  bool flush();
  bool takes_input() const;
  const Settings& settings() const;
  bool awaits_more();
  void take_saved();
  void read_some();
  std::size_t consume(char* bytes, std::size_t size);
  std::size_t take_head(char* bytes, std::size_t size);
  std::size_t take_body(char* bytes, std::size_t size);
  void begin_exchange(const BodyPart& body);
  void begin_answer(const http::AnswerHead& head);
  void on_end();
  void refuse(int status);
  void send_page(int status, bool keep_alive);
  void await_request();
  void keep_limits(const Settings& settings);
  void send_own(const OwnAnswer& answer, bool keep_alive);
  bool shake_hands();
  void close_politely();
  void finish_closing();
  void lose();
  void begin_h2();
  void advance_h2();
  void go_on_in_h2(std::string_view bytes, bool end);
  bool preface_begins(std::string_view bytes) const;
  void arm(Duration limit) { context_.loop.timers().set(*this, context_.loop.now() + limit); }

  Context& context_;
  net::Stream stream_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<ws::FrameWalker> websocket_;  // what the app sends, if it is one
  std::unique_ptr<H2Connection> h2_;  // the client speaks HTTP/2: all else here rests
  std::shared_ptr<const ListenerInfo> listener_;
  net::Address peer_;
  State state_ = State::waiting;
  bool keep_alive_ = true;
  bool closing_ = false;  // once everything is sent
  bool answer_begun_ = false;
  bool client_is_1_0_ = false;
  bool shaking_hands_ = false;  // TLS is being agreed on
  bool head_asked_ = false;  // HEAD: our own pages have no body
  http::Body answer_body_ = http::Body::none;
  // Of the last request's app; of the first one's, as far as it can be told.
  using BriefMillis = std::chrono::duration<std::uint32_t, std::milli>;  // settings end at a month
  BriefMillis head_limit_{};
  BriefMillis idle_limit_{};
  BriefMillis linger_limit_{};
  std::uint64_t sent_mark_ = 0;
  AckPolicy acks_;
  h1::HeadProgress progress_;
  h1::BodyDecoder decoder_;
  std::string in_;  // an incomplete head, or bytes that wait their turn
};

}  // namespace dokku::proxy::session
