#include "proxy/session/account.h"

#include <chrono>
#include <string>

#include "proxy/session/context.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {
namespace {

constexpr int kClientGone = 499;  // as nginx says
constexpr int kSwitching = 101;

}  // namespace

void Account::begin(Context& context, const route::Route& route, const http::RequestHead& head,
                    const Origin& origin, std::string_view request_id) {
  ledger_ = route.ledger;
  ++ledger_->traffic.requests;
  ++ledger_->traffic.open;
  begun_at_ = context.loop.now();
  const Settings& settings = route.group.settings;
  if (!context.logs.on()) return;
  logs_errors_ = settings.error_log;
  if (settings.access_log != Settings::AccessLog::off) {
    context.logs.note_request(record_, settings.access_log, head, origin, request_id);
  }
}

void Account::retries() {
  if (ledger_) ++ledger_->traffic.retries;
}

void Account::connect_failed(Context& context, int status) {
  if (ledger_) ++ledger_->traffic.connect_failures;
  complain_of_upstream(context, status == 504 ? "does not take a connection in time"
                                              : "refuses the connection");
}

void Account::complain(Context& context, std::string_view what) {
  if (ledger_ && logs_errors_) context.logs.error(record_, ledger_, what);
}

void Account::complain_of_upstream(Context& context, std::string_view what) {
  if (!ledger_ || !logs_errors_) return;
  std::string text = upstream_ ? upstream_->name : "the app";
  text += ' ';
  text += what;
  context.logs.error(record_, ledger_, text);
}

void Account::end(Context& context) {
  if (!ledger_) return;
  Traffic& traffic = ledger_->traffic;
  const Duration took = context.loop.now() - begun_at_;
  --traffic.open;
  ++traffic.answers[status_ >= 100 && status_ < 600 ? static_cast<std::size_t>(status_ / 100) : 0];
  traffic.bytes_in += bytes_in_;
  traffic.bytes_out += bytes_out_;
  if (status_ != kSwitching) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    traffic.latencies.add(static_cast<std::uint64_t>(micros));
  }
  if (record_.format != Settings::AccessLog::off) {
    context.logs.note_answer(
        record_, ledger_,
        {status_ == 0 ? kClientGone : status_, bytes_in_, bytes_out_, took,
         upstream_ ? std::string_view(upstream_->name) : std::string_view()});
    record_.clear();
  }
  ledger_ = nullptr;
  upstream_ = nullptr;
  logs_errors_ = false;
  status_ = 0;
  bytes_in_ = bytes_out_ = 0;
}

}  // namespace dokku::proxy::session
