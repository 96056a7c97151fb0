#include "proxy/session/h2_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/session/pages.h"

namespace dokku::proxy::session {

H2Stream::~H2Stream() {
  owner_.waiting -= waiting();
  if (!exchange_) return;
  exchange_->client_gone();
  context_.give_back(std::move(exchange_));
}

void H2Stream::begin(const http::RequestHead& head, const Origin& origin, bool end) {
  touch();
  head_asked_ = head.method_id == http::Method::head;
  in_ended_ = in_passed_ = end;
  if (head.max_forwards == 0) return refuse(200);
  exchange_ = context_.take_exchange();
  exchange_->begin(*this, head, origin, {{}, end, {}});
}

void H2Stream::data(std::string_view bytes) {
  touch();
  if (!exchange_) return owner_.session().consumed(id_, bytes.size());
  if (!in_.empty() || !exchange_->takes_body()) {
    in_ += bytes;
    return;
  }
  exchange_->body({bytes, false, {}});
  owner_.session().consumed(id_, bytes.size());
}

void H2Stream::body_end(std::string_view trailers) {
  touch();
  in_ended_ = true;
  in_trailers_ = trailers;
  pass_on();
}

void H2Stream::pass_on() {
  if (in_passed_) return;
  const bool nobody = !exchange_;
  if (!nobody && !exchange_->takes_body()) return;
  if (in_.empty() && !in_ended_) return;
  const std::string bytes = std::exchange(in_, {});
  in_passed_ = in_ended_;
  if (!nobody) exchange_->body({bytes, in_ended_, in_trailers_});
  if (!bytes.empty()) owner_.session().consumed(id_, bytes.size());
  owner_.wake();
}

bool H2Stream::deliver(const AnswerPart& part) {
  touch();
  h2::Session& session = owner_.session();
  owner_.wake();
  if (part.head != nullptr) {
    if (part.head->interim()) {
      session.answer(id_, *part.head, false, {});
      return true;
    }
    answer_begun_ = true;
    const bool bodiless = part.end && part.data.empty() && part.trailers.empty();
    session.answer(id_, *part.head, bodiless, context_.date(), exchange_->answer_lines());
    if (bodiless) {
      out_ended_ = true;
      return true;
    }
  }
  const bool idle = waiting() == 0;
  out_ += part.data;
  owner_.waiting += part.data.size();
  if (part.end) {
    out_ended_ = true;
    trailers_ = part.trailers;
  }
  if (idle) session.resume(id_);
  return true;
}

// Above what a connection may hold, one that has bytes waiting waits for its turn to send them: no
// stream stands still for what others do not take.
std::size_t H2Stream::room() const {
  const Limits& limits = context_.limits;
  if (waiting() >= limits.h2_stream_bytes) return 0;
  const bool full = owner_.waiting >= limits.h2_connection_bytes;
  if (full && waiting() > 0) return 0;
  const std::size_t shared = full ? 0 : limits.h2_connection_bytes - owner_.waiting;
  return std::min(limits.h2_stream_bytes - waiting(), std::max(shared, limits.h2_share_bytes));
}

h2::Outgoing H2Stream::pull(char* into, std::size_t size) {
  const std::size_t take = std::min(size, waiting());
  std::memcpy(into, out_.data() + out_sent_, take);
  const bool was_blocked = blocked();
  out_sent_ += take;
  owner_.waiting -= take;
  if (take > 0) touch();
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
    if (out_.capacity() > context_.limits.h2_stream_bytes) std::string().swap(out_);
  }
  if (exchange_ && was_blocked && !blocked()) exchange_->resume_answer();
  const bool end = out_ended_ && out_.empty();
  return {take, end, end ? std::string_view(trailers_) : std::string_view()};
}

void H2Stream::ask_for_body() {
  http::AnswerHead& head = context_.answer;
  head.clear();
  head.status = 100;
  owner_.session().answer(id_, head, false, {});
  owner_.wake();
}

void H2Stream::finished() {
  context_.give_back(std::move(exchange_));
  if (!in_.empty()) owner_.read_on(id_);
}

void H2Stream::failed(const Failure& failure) {
  const auto& [status, text, said] = failure;
  if (!answer_begun_ && status != 0 && !said) {
    return answer({status, text.empty() ? page(status) : text});
  }
  const h2::Reset why = said.value_or(h2::Reset::internal_error);
  context_.give_back(std::move(exchange_));
  owner_.wake();
  if (!in_.empty()) owner_.read_on(id_);
  owner_.session().reset(id_, why);
}

// The exchange may hold what is written, so it is given back last.
void H2Stream::answer(const OwnAnswer& answer) {
  send_own(answer);
  context_.give_back(std::move(exchange_));
  if (!in_.empty()) owner_.read_on(id_);
}

void H2Stream::refuse(int status) { send_own({status, page(status)}); }

void H2Stream::send_own(const OwnAnswer& answer) {
  std::string seconds;
  describe(answer, context_.answer, seconds);
  answer_begun_ = out_ended_ = true;
  touch();
  const bool bodiless = head_asked_ || answer.body.empty();
  if (!bodiless) {
    out_ = answer.body;
    owner_.waiting += waiting();
  }
  owner_.session().answer(id_, context_.answer, bodiless, context_.date(),
                          exchange_ ? exchange_->answer_lines() : std::string_view());
  owner_.wake();
}

bool H2Stream::stalled(TimePoint now) const {
  const Settings& settings = exchange_ ? exchange_->settings() : context_.defaults;
  if (waiting() > 0) return now - progress_ >= settings.send_timeout;
  // A body is owed, and the app would take it.
  if (in_ended_ || !in_.empty()) return false;
  if (exchange_ && !exchange_->takes_body()) return false;
  const bool call = exchange_ && exchange_->is_call();
  return now - progress_ >= (call ? settings.grpc_read_timeout : settings.client_body_timeout);
}

void H2Stream::end_stalled() {
  owner_.wake();
  const bool window_shut = waiting() > 0;
  if (exchange_) {
    exchange_->client_gone();
    context_.give_back(std::move(exchange_));
  }
  if (window_shut) return owner_.session().reset(id_, h2::Reset::calm);
  if (answer_begun_) return owner_.session().reset(id_, h2::Reset::cancel);
  refuse(408);
}

}  // namespace dokku::proxy::session
