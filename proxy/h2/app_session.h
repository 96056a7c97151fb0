// AppSession: our side of one HTTP/2 connection to an app (RFC 9113): we ask, by prior knowledge.
//
// The twin of Session, and as ignorant of sockets and clocks. The connection's window is opened by
// whatever arrives, a stream's by what consumed() reports: one client that reads slowly must not
// stop the answers to others. Limits against abuse are Session's: an app may be broken, too.
//
// One thread. Requests may be made and ended during events; output is taken by the caller
// afterwards. Nobody destroys a session during its events.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "proxy/h2/body_source.h"
#include "proxy/h2/frame_guard.h"
#include "proxy/h2/reset.h"
#include "proxy/http/message.h"

namespace dokku::proxy::h2 {

struct AppSessionLimits {
  std::uint32_t stream_window = 64 * 1024 - 1;  // bytes of an answer that may wait for the client
  std::int32_t connection_window = 1024 * 1024;
  std::uint32_t head_bytes_max = 64 * 1024;    // asked for; not enforced
  std::size_t continuations_max = 8;
  std::size_t decoded_bytes_max = 256 * 1024;  // of a head: beyond, the connection ends
  GuardLimits guard{};
};

// How a stream came to its end.
struct StreamEnd {
  enum class Kind : std::uint8_t {
    whole,        // request and answer are complete
    unprocessed,  // the app has not looked at it: GOAWAY, REFUSED_STREAM, or never sent
    by_app,       // RST_STREAM, `why`
    broken,       // the app broke a rule, or it was us who ended it
  };
  Kind kind = Kind::broken;
  Reset why = Reset::internal_error;
};

class AppEvents : public BodySource {
 public:
  // An interim answer, or the head of the answer. `end`: it has no body. Views live for the call.
  virtual void on_answer(std::int32_t stream, const http::AnswerHead& head, bool end) = 0;
  virtual void on_data(std::int32_t stream, std::string_view data) = 0;
  // `trailers` as lines, those worth passing on.
  virtual void on_answer_end(std::int32_t stream, std::string_view trailers) = 0;
  // Nothing more will be heard on this stream. Once.
  virtual void on_closed(std::int32_t stream, const StreamEnd& end) = 0;

 protected:
  ~AppEvents() = default;
};

struct AppSessionImpl;

class AppSession {
 public:
  // `events` and `scratch` (used during receive) outlive us. nullptr: out of memory.
  static std::unique_ptr<AppSession> create(AppEvents& events, http::AnswerHead& scratch,
                                            const AppSessionLimits& limits = {});
  ~AppSession();
  AppSession(const AppSession&) = delete;
  AppSession& operator=(const AppSession&) = delete;

  // False: that is no HTTP/2, or too much of it; over() is true as soon as that has been said.
  bool receive(std::string_view bytes, TimePoint now);
  // The next bytes to be sent, valid until the next call of anything; empty: none now.
  std::string_view next_output();
  // Everything is said and sent: the connection may be closed.
  bool over() const;

  // The app has not said goodbye, and there are numbers left for new streams.
  bool takes_requests() const;
  // As many at once as the app wants; 100 until it has said.
  std::uint32_t streams_max() const;
  // `head`: as h1::append_request writes it; what concerns HTTP/1.1 alone is left out. `method`: of
  // that head. `bodiless`: that is all of the request. The stream's number; negative: not now.
  std::int32_t request(std::string_view head, http::Method method, bool bodiless);
  // pull() has something again.
  void resume(std::int32_t stream);
  // The client has taken this many bytes of on_data.
  void consumed(std::int32_t stream, std::size_t bytes);
  // Ends the stream without an end; on_closed follows.
  void reset(std::int32_t stream, Reset why);
  // Whatever lives on the other side must answer this.
  void ping();
  // Says goodbye: the connection is over as soon as that is out.
  void end();

 private:
  using Impl = AppSessionImpl;
  explicit AppSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dokku::proxy::h2
