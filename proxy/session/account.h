// Account: what one request did, for the counters and logs of its app. Owned by its exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/message.h"
#include "proxy/route/table.h"
#include "proxy/session/access_log.h"

namespace dokku::proxy::session {

class Context;

class Account {
 public:
  void begin(Context& context, const route::Route& route, const http::RequestHead& head,
             const Origin& origin, std::string_view request_id);
  void took(std::size_t bytes) { bytes_in_ += bytes; }
  void gave(std::size_t bytes) { bytes_out_ += bytes; }
  void tries(const std::shared_ptr<route::Endpoint>& endpoint) { upstream_ = endpoint; }
  void retries();
  void connect_failed(Context& context, int status);
  // The first one counts: what comes after an answer has begun changes nothing.
  void answers(int status) {
    if (status_ == 0) status_ = status;
  }
  // A sentence for the app's error log.
  void complain(Context& context, std::string_view what);
  void complain_of_upstream(Context& context, std::string_view what);
  // Writes it all down; once.
  void end(Context& context);

 private:
  std::shared_ptr<route::Ledger> ledger_;  // null: of no app, or written down
  std::shared_ptr<route::Endpoint> upstream_;
  AccessRecord record_;
  bool logs_errors_ = false;
  int status_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  TimePoint begun_at_{};
};

}  // namespace dokku::proxy::session
