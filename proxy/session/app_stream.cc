#include "proxy/session/app_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/session/app_connection.h"

namespace dokku::proxy::session {

bool AppStream::send(const RequestRun& run) {
  if (failed_ || closed_) return false;
  const bool waiting = unsent() > 0;
  whole_ = run.whole;
  if (whole_) trailers_ = run.trailers;
  if (waits()) {
    begin(run);
  } else if (!run.data.empty() || run.end) {
    out_ += run.data;
    if (!waiting) connection_.session().resume(id_);
  }
  connection_.wake();
  heard_before_ = connection_.heard();
  arm(silence_limit());
  return !failed_;
}

void AppStream::begin(const RequestRun& run) {
  const std::size_t head = run.saved.find("\r\n\r\n") + 4;
  out_.append(run.saved.substr(head)).append(run.data);
  const net::Stream& bytes = connection_.stream();
  sent_before_ = bytes.bytes_sent() + bytes.pending();
  const bool bodiless = whole_ && out_.empty() && trailers_.empty();
  id_ = connection_.session().request(run.saved.substr(0, head), exchange_->method(), bodiless);
  failed_ = id_ <= 0;
  if (failed_) {
    connection_.not_begun(*this);
  } else {
    connection_.begun(*this);
  }
}

bool AppStream::unheard() const {
  return waits() || connection_.stream().bytes_acknowledged() <= sent_before_;
}

bool AppStream::backed_up() const {
  return unsent() >= connection_.context().limits.h2_stream_bytes;
}

// A call may be silent for long, before its answer and in it: whether the app still lives, the
// connection asks.
Duration AppStream::silence_limit() const {
  const Settings& settings = exchange_->settings();
  if (unsent() > 0) return settings.proxy_send_timeout;
  return exchange_->is_call() ? settings.grpc_read_timeout : settings.proxy_read_timeout;
}

void AppStream::arm(Duration limit) {
  net::Loop& loop = connection_.context().loop;
  loop.timers().set(*this, loop.now() + limit);
}

void AppStream::await_answer() { arm(silence_limit()); }

void AppStream::resume() {
  if (exchange_ == nullptr || exchange_->answer_blocked() || owed_ == 0) return;
  connection_.session().consumed(id_, std::exchange(owed_, 0));
  connection_.wake();
}

void AppStream::release(bool) {
  exchange_ = nullptr;
  connection_.context().loop.timers().clear(*this);
  if (closed_) return;
  connection_.wake();
  if (waits()) return connection_.forget(*this);
  const bool over = ended_ && whole_ && unsent() == 0;
  if (!over) connection_.session().reset(id_, h2::Reset::cancel);
}

void AppStream::on_answer(const http::AnswerHead& head, bool end) {
  if (exchange_ == nullptr) return;
  answered_ = answered_ || !head.interim();
  ended_ = end;
  arm(silence_limit());
  exchange_->on_answer({&head, {}, end, {}}, true);
}

void AppStream::on_data(std::string_view data) {
  if (exchange_ == nullptr) return;
  owed_ += data.size();
  arm(silence_limit());
  exchange_->on_answer({nullptr, data, false, {}}, true);
  if (exchange_ != nullptr) resume();
}

void AppStream::on_answer_end(std::string_view trailers) {
  if (exchange_ == nullptr) return;
  ended_ = true;
  exchange_->on_answer({nullptr, {}, true, trailers}, true);
}

h2::Outgoing AppStream::pull(char* into, std::size_t size) {
  if (exchange_ == nullptr) return {};
  const std::size_t take = std::min(size, unsent());
  const bool was_backed_up = backed_up();
  std::memcpy(into, out_.data() + out_sent_, take);
  out_sent_ += take;
  if (unsent() == 0) {
    out_.clear();
    out_sent_ = 0;
    if (out_.capacity() > connection_.context().limits.h2_stream_bytes) std::string().swap(out_);
  }
  if (take > 0) arm(silence_limit());
  if (was_backed_up && !backed_up()) exchange_->on_writable();
  const bool end = whole_ && unsent() == 0;
  return {take, end, end ? std::string_view(trailers_) : std::string_view()};
}

void AppStream::on_closed(const h2::StreamEnd& end) {
  closed_ = true;
  if (exchange_ == nullptr) return;
  Loss loss{502, /*silent=*/!answered_, end.kind == h2::StreamEnd::Kind::unprocessed, {}};
  const bool said = loss.unprocessed || end.kind == h2::StreamEnd::Kind::by_app;
  if (said) loss.said = end.why;
  exchange_->on_lost(loss);
}

void AppStream::on_connect_failed(int status) {
  closed_ = true;
  if (exchange_ != nullptr) exchange_->on_connect_failed(status);
}

void AppStream::on_silence() {
  closed_ = true;
  if (exchange_ != nullptr) exchange_->on_lost({504, !answered_, false, {}});
}

void AppStream::lose(int status, bool unprocessed) {
  if (exchange_ != nullptr) exchange_->on_lost({status, !answered_, unprocessed, {}});
}

void AppStream::on_timer() {
  if (exchange_ == nullptr) return;
  // While we wait for the client, the app may be silent, too.
  const bool clients_turn = exchange_->answer_blocked() || (!whole_ && unsent() == 0);
  if (clients_turn) return arm(silence_limit());
  // Not a word in all that time, of any stream: nobody else shall wait for this connection.
  if (connection_.heard() == heard_before_) connection_.leave();
  lose(504, /*unprocessed=*/false);
}

}  // namespace dokku::proxy::session
