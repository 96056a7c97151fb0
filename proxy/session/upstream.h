// UpstreamConnection: one HTTP/1.1 connection to an app, in use by an exchange or waiting in its
// endpoint's pool.
//
//   connecting ──> busy <──> idle ──> closed
//        └───────────┴──────────────────┘
//
// Reads answers strictly and hands them on part by part; an answer that cannot be trusted ends the
// connection. Whatever an idle connection says ends it too: nobody asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/h1/body.h"
#include "proxy/h1/head.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"
#include "proxy/route/endpoint.h"
#include "proxy/session/ack_policy.h"
#include "proxy/session/app_side.h"
#include "proxy/session/context.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {

class UpstreamConnection final : public net::Watcher,
                                 public AppSide,
                                 private net::Timer,
                                 private route::IdleConnection {
 public:
  // Begins to connect; the exchange hears on_connected or on_connect_failed, never during this
  // call. nullptr: it could not even begin.
  static UpstreamConnection* open(Context& context, std::shared_ptr<route::Endpoint> endpoint,
                                  Exchange& exchange);
  // The latest used idle connection that is alive as far as epoll has said; nullptr: none.
  static UpstreamConnection* reuse(route::Endpoint& endpoint, Exchange& exchange);

  UpstreamConnection(Context& context, std::shared_ptr<route::Endpoint> endpoint);

  bool send(const RequestRun& run) override;
  bool unheard() const override { return stream_.bytes_acknowledged() <= sent_before_; }
  bool backed_up() const override { return stream_.pending() > 0; }
  bool hands_back() const override { return false; }
  void await_answer() override;
  void end_writing() override { stream_.end_writing(); }
  void resume() override { context_.loop.again(*this); }
  // To the pool, or closed.
  void release(bool reusable) override;

  void on_events(std::uint32_t events) override;
  void on_again() override { advance(); }

  std::uint32_t registry_index = 0;

 private:
  void on_timer() override;
  void drop() override;
  void on_connect();
  void advance();
  void read_some();
  void feed(char* bytes, std::size_t size);
  std::size_t consume(char* bytes, std::size_t size);
  bool take_head(char* bytes, std::size_t size, std::size_t& at);
  void take_body(const http::AnswerHead* head, char* bytes, std::size_t size, std::size_t& at);
  void on_end(bool failed);
  void lose(int status);
  void arm(Duration limit) { context_.loop.timers().set(*this, context_.loop.now() + limit); }
  void close();

  Context& context_;
  std::shared_ptr<route::Endpoint> endpoint_;
  Exchange* exchange_ = nullptr;
  net::Stream stream_;
  bool connecting_ = true;
  bool idle_ = false;
  bool in_body_ = false;
  bool reusable_ = true;  // by what the app's answers said
  bool heard_ = false;    // a byte of the current answer
  bool request_whole_ = false;
  int keep_alive_seconds_ = -1;
  std::uint64_t sent_before_ = 0;
  AckPolicy acks_;
  h1::HeadProgress progress_;
  h1::BodyDecoder decoder_;
  std::string in_;  // an incomplete head
};

}  // namespace dokku::proxy::session
