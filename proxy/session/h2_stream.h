// H2Stream: one request of an HTTP/2 connection, between the session's events and an exchange.
//
// Bytes wait in two places: `in_` (a body that the app does not take; at most a stream's window)
// and `out_` (an answer that the client does not take; the exchange stops reading above
// Limits::h2_stream_bytes). Owned by its H2Connection until the session says on_closed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/h2/session.h"
#include "proxy/session/context.h"
#include "proxy/session/downstream.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {

// What a stream asks of its connection.
class H2Owner {
 public:
  virtual h2::Session& session() = 0;
  // There is something to send, or to read on, before this turn ends.
  virtual void wake() = 0;
  virtual void read_on(std::int32_t stream) = 0;
  // Bytes of answers that wait for the client, in all streams.
  std::size_t waiting = 0;

 protected:
  ~H2Owner() = default;
};

class H2Stream final : private Downstream {
 public:
  H2Stream(Context& context, H2Owner& owner, std::int32_t id)
      : context_(context), owner_(owner), id_(id) {}
  ~H2Stream();
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  void begin(const http::RequestHead& head, const Origin& origin, bool end);
  // With a page of ours; no app is asked.
  void refuse(int status);
  void data(std::string_view bytes);
  void body_end(std::string_view trailers);
  // Hands on what waits in in_, as far as the app takes it.
  void pass_on();
  h2::Outgoing pull(char* into, std::size_t size);

  std::size_t unread() const { return in_.size(); }

  // A limit has struck that this stream is to blame for: nobody sends what is owed.
  bool stalled(TimePoint now) const;
  void end_stalled();

 private:
  bool deliver(const AnswerPart& part) override;
  bool blocked() const override { return room() == 0; }
  std::size_t room() const override;
  void ask_for_body() override;
  void resume_body() override { owner_.read_on(id_); }
  void finished() override;
  void failed(const Failure& failure) override;
  void answer(const OwnAnswer& answer) override;

  void send_own(const OwnAnswer& answer);
  std::size_t waiting() const { return out_.size() - out_sent_; }
  void touch() { progress_ = context_.loop.now(); }

  Context& context_;
  H2Owner& owner_;
  const std::int32_t id_;
  std::unique_ptr<Exchange> exchange_;
  std::string in_;
  std::string in_trailers_;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string trailers_;
  bool in_ended_ = false;      // the client has sent its last byte
  bool in_passed_ = false;     // and the app has got it
  bool answer_begun_ = false;
  bool out_ended_ = false;     // out_ holds the rest of the answer
  bool head_asked_ = false;
  TimePoint progress_{};
};

}  // namespace dokku::proxy::session
