// Session: the server's side of one HTTP/2 connection (RFC 9113): bytes in, events out, and back.
//
// Knows no socket and no clock (time is passed in). Framing, HPACK, stream states and flow control
// are nghttp2's; FrameGuard adds limits against abuse, and RequestLines the rules for messages.
// Windows follow what consumed() reports, so that a body moves at the app's pace.
//
// One thread. Answers may be given during events; output is taken by the caller afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "proxy/h1/head.h"
#include "proxy/h2/body_source.h"
#include "proxy/h2/frame_guard.h"
#include "proxy/h2/reset.h"
#include "proxy/http/message.h"

namespace dokku::proxy::h2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct SessionLimits {
  std::uint32_t streams_max = 100;
  std::uint32_t stream_window = 64 * 1024 - 1;      // bytes of a body that may wait for the app
  std::int32_t connection_window = 1024 * 1024;
  std::size_t continuations_max = 8;
  std::size_t decoded_bytes_max = 256 * 1024;  // of a head: beyond, the connection ends
  h1::HeadLimits head{};
  GuardLimits guard{};
};

class Events : public BodySource {
 public:
  // Views live for the call. `end`: no body follows.
  virtual void on_request(std::int32_t stream, const http::RequestHead& head, bool end) = 0;
  // To be answered with a page of ours: `status`.
  virtual void on_refused(std::int32_t stream, int status) = 0;
  virtual void on_data(std::int32_t stream, std::string_view data) = 0;
  // `trailers` as lines, those worth passing on.
  virtual void on_body_end(std::int32_t stream, std::string_view trailers) = 0;
  // Whatever the reason: nothing more can be said on this stream.
  virtual void on_closed(std::int32_t stream) = 0;

 protected:
  ~Events() = default;
};

struct SessionImpl;

class Session {
 public:
  // `events` and `scratch` (used during receive) outlive us. nullptr: out of memory.
  static std::unique_ptr<Session> create(Events& events, http::RequestHead& scratch,
                                         const SessionLimits& limits = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void receive(std::string_view bytes, TimePoint now);
  // The next bytes to be sent, valid until the next call of anything; empty: none now.
  std::string_view next_output();
  // Everything is said and sent: the connection may be closed.
  bool over() const;
  // A head has begun that is not whole, or the client's first settings have not come.
  bool in_head() const;

  // An interim answer, or the head of the answer. `bodiless`: that is all of it. `more_lines`:
  // further fields, as lines.
  void answer(std::int32_t stream, const http::AnswerHead& head, bool bodiless,
              std::string_view date, std::string_view more_lines = {});
  // pull() has something again.
  void resume(std::int32_t stream);
  // The app has taken this many bytes of on_data.
  void consumed(std::int32_t stream, std::size_t bytes);
  // Ends the stream without an end.
  void reset(std::int32_t stream, Reset why);
  // Asks the client for no more requests; what is under way goes on (RFC 9113 §6.8).
  void drain();
  // Ends the connection for what the client does.
  void terminate_for_abuse();

 private:
  using Impl = SessionImpl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dokku::proxy::h2
