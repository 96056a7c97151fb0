// H2Connection: the streams of one client that speaks HTTP/2, over the stream (TCP or TLS) of its
// ClientConnection, which owns it and tells it what happens.
//
//   bytes ──> h2::Session ──> H2Stream ──> Exchange
//
// Answers of many streams that come within one turn of the loop are sent together.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/h2/session.h"
#include "proxy/net/stream.h"
#include "proxy/session/context.h"
#include "proxy/session/h2_stream.h"

namespace dokku::proxy::session {

class H2Connection final : private H2Owner, private h2::Events {
 public:
  // `self` is asked to call work() before the turn ends (Loop::again). All of them outlive us.
  // nullptr: out of memory.
  static std::unique_ptr<H2Connection> create(Context& context, net::Stream& stream,
                                              net::Watcher& self, const Origin& origin);

  // Each returns false when the connection is to be closed.
  bool receive(std::string_view bytes);
  bool work();
  // Some time has passed; next() says how much may before the next look.
  bool look_at_limits();
  Duration next_look() const;
  // A head has begun that is not whole: the next look is due sooner.
  bool in_head() const { return was_in_head_; }
  void drain();
  // The client may send more: its bytes find a place.
  bool takes_input() const { return stream_.pending() == 0; }

 private:
  H2Connection(Context& context, net::Stream& stream, net::Watcher& self, const Origin& origin);

  h2::Session& session() override { return *session_; }
  void wake() override { context_.loop.again(self_); }
  void read_on(std::int32_t stream) override;

  void on_request(std::int32_t stream, const http::RequestHead& head, bool end) override;
  void on_refused(std::int32_t stream, int status) override;
  void on_data(std::int32_t stream, std::string_view data) override;
  void on_body_end(std::int32_t stream, std::string_view trailers) override;
  void on_closed(std::int32_t stream) override;
  h2::Outgoing pull(std::int32_t stream, char* into, std::size_t size) override;

  H2Stream* find(std::int32_t stream);
  H2Stream& add(std::int32_t stream);
  bool send();

  Context& context_;
  net::Stream& stream_;
  net::Watcher& self_;
  const std::string client_ip_;
  Origin origin_;
  std::unique_ptr<h2::Session> session_;
  std::unordered_map<std::int32_t, std::unique_ptr<H2Stream>> streams_;
  std::vector<std::int32_t> read_on_;
  Duration head_limit_{}, idle_limit_{}, send_limit_{};  // by TLS's name, or the port
  TimePoint since_;        // of the head that is not whole, or of the last stream's end
  TimePoint sent_since_;   // no byte has gone out
  bool was_in_head_ = true;
  std::uint64_t sent_mark_ = 0;
};

}  // namespace dokku::proxy::session
