// AppStream: one request on an HTTP/2 connection to an app.
//
//   waiting ──> under way ──> closed
//      └───────────────────────┘
//
// Waiting: the connection is not there yet. Bytes wait in out_ alone (a body that the app does not
// take; the exchange gives no more above Limits::h2_stream_bytes); an answer that the client does
// not take is held back by the stream's window. Owned by its AppConnection.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/h2/app_session.h"
#include "proxy/net/loop.h"
#include "proxy/session/app_side.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {

class AppConnection;

class AppStream final : public AppSide, private net::Timer {
 public:
  AppStream(AppConnection& connection, Exchange& exchange)
      : connection_(connection), exchange_(&exchange) {}

  bool send(const RequestRun& run) override;
  bool unheard() const override;
  bool backed_up() const override;
  bool hands_back() const override { return true; }
  void await_answer() override;
  void end_writing() override {}
  void resume() override;
  void release(bool reusable) override;

  // From the connection.
  void on_answer(const http::AnswerHead& head, bool end);
  void on_data(std::string_view data);
  void on_answer_end(std::string_view trailers);
  h2::Outgoing pull(char* into, std::size_t size);
  // It is no longer the connection's: tells the exchange, if there is one.
  void on_closed(const h2::StreamEnd& end);
  void on_connect_failed(int status);
  // The whole connection is dead.
  void on_silence();
  void lose(int status, bool unprocessed);

  Exchange* exchange() { return exchange_; }
  std::int32_t id() const { return id_; }
  bool waits() const { return id_ <= 0; }

  std::uint32_t registry_index = 0;

 private:
  void on_timer() override;
  void begin(const RequestRun& run);
  std::size_t unsent() const { return out_.size() - out_sent_; }
  Duration silence_limit() const;
  void arm(Duration limit);

  AppConnection& connection_;
  Exchange* exchange_;
  std::int32_t id_ = 0;
  bool whole_ = false;     // out_ holds the rest of the request
  bool answered_ = false;  // its head has come
  bool ended_ = false;     // its end, too
  bool closed_ = false;    // no longer the connection's
  bool failed_ = false;    // it could not even be begun
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string trailers_;
  std::size_t owed_ = 0;            // bytes of the answer whose window is held back
  std::uint64_t sent_before_ = 0;   // of the connection's bytes
  std::uint64_t heard_before_ = 0;  // of the app, when its time began to run
};

}  // namespace dokku::proxy::session
