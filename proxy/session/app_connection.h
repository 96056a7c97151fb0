// AppConnection: one HTTP/2 connection to an app, cleartext by prior knowledge, shared by the
// requests of one worker to one address.
//
//   connecting ──> open ──> leaving ──> closed
//        └──────────┴────────────────────┘
//
// Takes as many streams as the app allows; for more, another connection is made. Leaving: the
// app has said goodbye, its address has left the table, or nothing was heard for too long; what is
// under way goes on, nothing new comes. Idle ones are kept for proxy-keepalive-timeout. While
// requests are under way and nothing is heard for proxy-read-timeout, the app is asked whether it
// lives (PING); if it is silent for as long again, all of them are lost.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/h2/app_session.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"
#include "proxy/route/endpoint.h"
#include "proxy/session/app_stream.h"
#include "proxy/session/context.h"
#include "proxy/session/registry.h"

namespace dokku::proxy::session {

class AppConnection final : public net::Watcher,
                            private net::Timer,
                            private route::SharedConnection,
                            private h2::AppEvents {
 public:
  // A stream of a connection that takes more, or of a new one. `connected`: it may be used at once;
  // else the exchange hears on_connected or on_connect_failed, never during this call. nullptr: it
  // could not even begin.
  static AppSide* begin(Context& context, const std::shared_ptr<route::Endpoint>& endpoint,
                        Exchange& exchange, bool& connected);

  AppConnection(Context& context, std::shared_ptr<route::Endpoint> endpoint);

  void on_events(std::uint32_t events) override;
  void on_again() override;

  // From its streams.
  Context& context() { return context_; }
  h2::AppSession& session() { return *session_; }
  net::Stream& stream() { return stream_; }
  std::uint64_t heard() const { return heard_; }
  void wake() { context_.loop.again(*this); }
  // The stream has been submitted under this number.
  void begun(AppStream& stream) { by_id_[stream.id()] = &stream; }
  // Or could not be: the app has said goodbye in this very moment.
  void not_begun(AppStream& stream) { not_begun_.push_back(&stream); }
  // Destroys it, before this turn ends.
  void forget(AppStream& stream);
  // No new streams.
  void leave();

  std::uint32_t registry_index = 0;

 private:
  void on_timer() override;
  void retire() override;

  void on_answer(std::int32_t stream, const http::AnswerHead& head, bool end) override;
  void on_data(std::int32_t stream, std::string_view data) override;
  void on_answer_end(std::int32_t stream, std::string_view trailers) override;
  void on_closed(std::int32_t stream, const h2::StreamEnd& end) override;
  h2::Outgoing pull(std::int32_t stream, char* into, std::size_t size) override;

  static AppConnection* open(Context& context, std::shared_ptr<route::Endpoint> endpoint,
                             Exchange& exchange);
  bool takes_more() const;
  AppStream* find(std::int32_t stream);
  std::unique_ptr<AppStream> take(AppStream& stream);
  void on_connect();
  void fail_to_connect(int status);
  void read_some();
  void send();
  void work();
  void rest();
  void look_after();
  void ask_for_life();
  void lose_all();
  void give_up();
  void close();
  void arm(Duration limit) { context_.loop.timers().set(*this, context_.loop.now() + limit); }

  Context& context_;
  std::shared_ptr<route::Endpoint> endpoint_;
  net::Stream stream_;
  std::unique_ptr<h2::AppSession> session_;
  Registry<AppStream> streams_;
  std::unordered_map<std::int32_t, AppStream*> by_id_;
  std::vector<AppStream*> not_begun_;
  std::vector<std::unique_ptr<AppStream>> forgotten_;
  bool connecting_ = true;
  bool leaving_ = false;
  bool resting_ = false;  // without streams, for a while
  bool ended_ = false;    // the app's last byte has come
  bool asked_ = false;    // by PING, and nothing has been heard since
  Duration idle_limit_{};
  Duration silence_limit_{};
  std::uint64_t heard_ = 0;         // bytes
  std::uint64_t heard_before_ = 0;  // when the timer was set
  TimePoint may_ask_from_{};        // by PING
};

}  // namespace dokku::proxy::session
