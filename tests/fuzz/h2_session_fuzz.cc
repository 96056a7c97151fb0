// A client's side of an HTTP/2 connection, behind a good preface: the same events and the same
// bytes out, however the bytes in were cut. Each request is answered at once.
#include <map>

#include "pieces.h"
#include "proxy/h1/write.h"
#include "proxy/h2/session.h"

namespace {

using namespace dokku::proxy;

class Recorder final : public h2::Events {
 public:
  std::string run(std::string_view bytes, std::size_t piece) {
    http::RequestHead scratch;
    session_ = h2::Session::create(*this, scratch);
    const dokku::TimePoint now{std::chrono::hours(1)};
    session_->receive(h2::kPreface, now);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      session_->receive(bytes.substr(at, piece), now);
    }
    for (std::string_view out = session_->next_output(); !out.empty();) {
      events_ += "<out>";
      events_ += out;
      out = session_->next_output();
    }
    events_ += session_->over() ? "<over>" : "<open>";
    session_.reset();
    return std::move(events_);
  }

 private:
  void note(const char* what, std::int32_t stream) {
    events_.append("\n<").append(what).append(std::to_string(stream)).append(">");
  }
  void on_request(std::int32_t stream, const http::RequestHead& head, bool end) override {
    note(end ? "whole " : "request ", stream);
    h1::append_request(events_, head, {});
    http::AnswerHead answer;
    answer.status = 200;
    session_->answer(stream, answer, false, "now");
  }
  void on_refused(std::int32_t stream, int status) override {
    note("refused ", stream);
    events_ += std::to_string(status);
    http::AnswerHead answer;
    answer.status = status;
    session_->answer(stream, answer, true, "now");
  }
  // Data come in runs that depend on the pieces: only their sum counts.
  void on_data(std::int32_t stream, std::string_view data) override {
    bodies_[stream] += data;
    session_->consumed(stream, data.size());
  }
  void on_body_end(std::int32_t stream, std::string_view trailers) override {
    note("body ", stream);
    events_ += bodies_[stream];
    events_ += trailers;
  }
  void on_closed(std::int32_t stream) override { note("closed ", stream); }
  h2::Outgoing pull(std::int32_t, char* into, std::size_t size) override {
    if (size > 0) *into = 'x';
    return {size > 0 ? 1U : 0U, true, {}};
  }

  std::unique_ptr<h2::Session> session_;
  std::string events_;
  std::map<std::int32_t, std::string> bodies_;
};

std::string run(std::string_view bytes, std::size_t piece) { return Recorder().run(bytes, piece); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dokku::fuzz::same_in_pieces(dokku::fuzz::text(data, size), run);
  return 0;
}
