// An app's side of an HTTP/2 connection, as we hear it: the same events and the same bytes out,
// however the bytes in were cut. Three requests are under way: one that is whole, one whose body
// goes on, and one that asks for a head alone.
#include <map>

#include "pieces.h"
#include "proxy/h2/app_session.h"

namespace {

using namespace dokku::proxy;

class Recorder final : public h2::AppEvents {
 public:
  std::string run(std::string_view bytes, std::size_t piece) {
    http::AnswerHead scratch;
    session_ = h2::AppSession::create(*this, scratch);
    const dokku::TimePoint now{std::chrono::hours(1)};
    ask("GET", http::Method::get, true);
    ask("POST", http::Method::post, false);
    ask("HEAD", http::Method::head, true);
    // What we say must not depend on when we are heard.
    while (!session_->next_output().empty()) continue;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      if (!session_->receive(bytes.substr(at, piece), now)) break;
    }
    for (std::string_view out = session_->next_output(); !out.empty();) {
      events_ += "<out>";
      events_ += out;
      out = session_->next_output();
    }
    events_ += session_->takes_requests() ? "<open>" : "<leaving>";
    events_ += session_->over() ? "<over>" : "<on>";
    session_.reset();
    return std::move(events_);
  }

 private:
  void ask(const std::string& method, http::Method id, bool bodiless) {
    session_->request(method + " / HTTP/1.1\r\nHost: app.test\r\n\r\n", id, bodiless);
  }
  void note(const char* what, std::int32_t stream) {
    events_.append("\n<").append(what).append(std::to_string(stream)).append(">");
  }
  void on_answer(std::int32_t stream, const http::AnswerHead& head, bool end) override {
    note(end ? "whole " : "answer ", stream);
    events_ += std::to_string(head.status);
    for (const http::Field& field : head.fields) {
      events_.append("\n").append(field.name).append("=").append(field.value);
      // What the strict codec for HTTP/1.1 would not let pass, must not come this way.
      dokku::fuzz::demand(field.value.find_first_of("\r\n") == field.value.npos, "a broken line");
    }
  }
  // Data come in runs that depend on the pieces: only their sum counts.
  void on_data(std::int32_t stream, std::string_view data) override {
    bodies_[stream] += data;
    session_->consumed(stream, data.size());
  }
  void on_answer_end(std::int32_t stream, std::string_view trailers) override {
    note("end ", stream);
    events_ += bodies_[stream];
    events_ += trailers;
  }
  void on_closed(std::int32_t stream, const h2::StreamEnd& end) override {
    note("closed ", stream);
    dokku::fuzz::demand(!closed_[stream], "closed twice");
    closed_[stream] = true;
    events_ += std::to_string(static_cast<int>(end.kind)) + "/" +
               std::to_string(static_cast<int>(end.why));
  }
  h2::Outgoing pull(std::int32_t, char*, std::size_t) override { return {}; }

  std::unique_ptr<h2::AppSession> session_;
  std::string events_;
  std::map<std::int32_t, std::string> bodies_;
  std::map<std::int32_t, bool> closed_;
};

std::string run(std::string_view bytes, std::size_t piece) { return Recorder().run(bytes, piece); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dokku::fuzz::same_in_pieces(dokku::fuzz::text(data, size), run);
  return 0;
}
