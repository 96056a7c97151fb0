// Downstream: the side that a request came from, as its exchange sees it: a connection of HTTP/1.1
// (ClientConnection) or a stream of HTTP/2 (H2Stream).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/h2/reset.h"
#include "proxy/http/message.h"

namespace dokku::proxy::session {

// A part of an answer, or of a tunnel's bytes.
struct AnswerPart {
  const http::AnswerHead* head = nullptr;  // the first part of an answer (or an interim answer)
  std::string_view data;
  bool end = false;
  std::string_view trailers;  // lines, with end
};

// An answer of our own, in place of an app's. Views live for the call.
struct OwnAnswer {
  int status = 0;
  std::string_view body;
  std::string_view content_type = "text/html; charset=utf-8";
  std::string location;                 // of a redirect
  std::chrono::seconds retry_after{0};  // 0: not said
  // For a call of gRPC, which knows no pages: these two, and `status` is for the log.
  std::string_view grpc_status{};
  std::string_view grpc_message{};
};

// Why no (whole) answer will come.
struct Failure {
  int status = 0;            // of our own page; 0: the client has gone
  std::string_view page{};   // the app's own text for it; empty: ours
  std::optional<h2::Reset> said{};  // by the app; passed on where that can be said
};

class Downstream {
 public:
  // Sends at once what the client takes. False: the client is gone; the exchange must end itself.
  virtual bool deliver(const AnswerPart& part) = 0;
  // Bytes wait for the client: deliver no more before Exchange::resume_answer.
  virtual bool blocked() const = 0;
  // How many bytes more it has place for, while it is not blocked.
  virtual std::size_t room() const = 0;
  // "100 Continue"
  virtual void ask_for_body() = 0;
  // The exchange takes body bytes again.
  virtual void resume_body() = 0;
  // The answer has been delivered whole. Gives the exchange back: the caller is gone afterwards.
  virtual void finished() = 0;
  // No (whole) answer will come: our own page with this status, or, when the answer has begun, an
  // end that nobody takes for a good one. Gives the exchange back, as above.
  virtual void failed(const Failure& failure) = 0;
  // This answer, and no app is asked. Gives the exchange back, as above.
  virtual void answer(const OwnAnswer& answer) = 0;

 protected:
  ~Downstream() = default;
};

}  // namespace dokku::proxy::session
