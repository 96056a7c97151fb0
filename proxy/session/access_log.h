// AccessLog: one line per request, in its app's buffer, and handed over in blocks.
//
// What a line needs of the request is written down when its head is there (the head's bytes do not
// stay), the rest when it is over. A worker opens no file: a Sink takes the blocks. One thread.
// Formats: docs/formats.md, "Access logs".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/control/settings.h"
#include "proxy/http/message.h"
#include "proxy/net/loop.h"
#include "proxy/route/ledger.h"

namespace dokku::proxy::session {

struct Origin;

// What a line says of its request. Kept by the exchange.
struct AccessRecord {
  Settings::AccessLog format = Settings::AccessLog::off;
  std::string text;               // of the request, ready to be copied
  std::uint32_t client_size = 0;  // combined: its first part
  std::uint32_t middle_size = 0;  // combined: its second, the request line

  void clear() {
    format = Settings::AccessLog::off;
    text.clear();
  }
};

// What it says of the answer.
struct Outcome {
  int status = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  Duration took{};
  std::string_view upstream;  // empty: none was reached
};

class AccessLog final : private net::Timer {
 public:
  enum class Kind : std::uint8_t { access, error };
  class Sink {
   public:
    virtual void take_lines(const std::string& key, Kind kind, std::string lines) = 0;

   protected:
    ~Sink() = default;
  };

  explicit AccessLog(net::Loop& loop) : loop_(loop) {}

  void set_sink(Sink& sink) { sink_ = &sink; }
  bool on() const { return sink_ != nullptr; }

  void note_request(AccessRecord& record, Settings::AccessLog format,
                    const http::RequestHead& head, const Origin& origin,
                    std::string_view request_id);
  void note_answer(const AccessRecord& record, const std::shared_ptr<route::Ledger>& ledger,
                   const Outcome& outcome);
  // A line of the app's error log. `what` is a sentence without its end.
  void error(const AccessRecord& record, const std::shared_ptr<route::Ledger>& ledger,
             std::string_view what);
  // Hands over all that waits.
  void flush();

 private:
  void on_timer() override { flush(); }
  void list(const std::shared_ptr<route::Ledger>& ledger);
  void hand_over(const std::string& key, Kind kind, std::string& lines);
  void refresh_times();

  net::Loop& loop_;
  Sink* sink_ = nullptr;
  std::vector<std::shared_ptr<route::Ledger>> listed_;
  std::uint64_t second_ = 0;  // of what follows
  std::string combined_time_;
  std::string json_time_;  // without milliseconds
  std::string error_time_;
};

}  // namespace dokku::proxy::session
