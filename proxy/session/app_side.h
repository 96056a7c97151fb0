// AppSide: the side that a request goes to, as its exchange sees it; the twin of Downstream.
//
// A connection of HTTP/1.1 (UpstreamConnection), or a stream of a connection of HTTP/2 that many
// share (AppStream). It hands its exchange an answer part by part, and on_lost when there will be
// none (any more); both may end the exchange, and with it release().
#pragma once

#include <optional>
#include <string_view>

#include "proxy/h2/reset.h"
#include "proxy/http/message.h"

namespace dokku::proxy::session {

// What is handed over at once.
struct RequestRun {
  // With the first run: the head, in the words of HTTP/1.1, and what had to be kept of the body,
  // framed as `framing` says.
  std::string_view saved;
  http::Body framing = http::Body::none;
  std::string_view data;
  bool end = false;           // data are the last of the body
  std::string_view trailers;  // with end
  bool whole = false;         // nothing follows, whether it is said by `end` or was saved
};

// Why there will be no (whole) answer.
struct Loss {
  int status = 502;
  bool silent = false;       // not one byte of the answer has come
  bool unprocessed = false;  // the app says so, or cannot have heard of the request
  std::optional<h2::Reset> said{};  // by the app, of this one request
};

class AppSide {
 public:
  // False: broken. What that means on_lost will say, after resume().
  virtual bool send(const RequestRun& run) = 0;
  // Certainly not one byte of the current request has reached the app.
  virtual bool unheard() const = 0;
  // Bytes for the app wait: give it no more before Exchange::on_writable.
  virtual bool backed_up() const = 0;
  // The app may hand a request back that it has got (Loss::unprocessed).
  virtual bool hands_back() const = 0;
  // The whole request has been handed over: the app's time runs.
  virtual void await_answer() = 0;
  // Of a tunnel.
  virtual void end_writing() = 0;
  // The answer may go on.
  virtual void resume() = 0;
  // The exchange is done with it. `reusable`: request and answer are whole.
  virtual void release(bool reusable) = 0;

 protected:
  ~AppSide() = default;
};

}  // namespace dokku::proxy::session
