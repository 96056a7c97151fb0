#include "proxy/session/access_log.h"

#include <array>
#include <charconv>
#include <ctime>
#include <utility>

#include "proxy/http/characters.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {
namespace {

// As nginx says it.
const char* protocol_of(const http::RequestHead& head) {
  if (head.by_h2) return "HTTP/2.0";
  return head.minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

constexpr std::size_t kBlockBytes = 24 * 1024;  // fits one message to the parent
constexpr Duration kFlushTime = std::chrono::seconds(1);

using Format = Settings::AccessLog;

// Bytes that stand for themselves in both formats.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned i = 0x20; i < 0x7f; ++i) plain[i] = i != '"' && i != '\\';
  return plain;
}();

// As nginx writes what could end a quoted string or a line: \xHH. JSON has \u00HH for it, which
// reads the byte as ISO 8859-1: bytes that are not ASCII have no agreed meaning in HTTP.
void append_escaped(std::string& out, std::string_view text, std::string_view escape) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (kPlain[byte]) continue;
    out.append(text, begin, i - begin);
    begin = i + 1;
    out += escape;
    out += "0123456789ABCDEF"[byte >> 4];
    out += "0123456789ABCDEF"[byte & 15];
  }
  out.append(text, begin, text.size() - begin);
}

void append_combined(std::string& out, std::string_view text) {
  append_escaped(out, text, "\\x");
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  append_escaped(out, value, "\\u00");
  out += '"';
}

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  const auto [end, ignored] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

std::string_view value_of(const http::Fields& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (field.name.size() == name.size() && http::equal_ignoring_case(field.name, name)) {
      return field.value;
    }
  }
  return {};
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

void write_request_line(std::string& out, const http::RequestHead& head) {
  out += head.method;
  out += ' ';
  if (head.slash_missing) out += '/';
  append_combined(out, head.target);
  out += ' ';
  out += protocol_of(head);
}

}  // namespace

void AccessLog::note_request(AccessRecord& record, Format format, const http::RequestHead& head,
                             const Origin& origin, std::string_view request_id) {
  record.clear();
  record.format = format;
  std::string& text = record.text;
  const std::string_view referer = value_of(head.fields, "Referer");
  const std::string_view agent = value_of(head.fields, "User-Agent");
  if (format == Format::json) {
    append_member(text, R"("id":")", request_id);
    append_member(text, R"(,"client":")", origin.client_ip);
    append_member(text, R"(,"scheme":")", origin.tls ? "https" : "http");
    append_member(text, R"(,"method":")", head.method);
    append_member(text, R"(,"host":")", head.authority);
    append_member(text, R"(,"target":")", head.target);
    append_member(text, R"(,"protocol":")", protocol_of(head));
    append_member(text, R"(,"referer":")", referer);
    append_member(text, R"(,"user_agent":")", agent);
    return;
  }
  text += origin.client_ip;
  record.client_size = static_cast<std::uint32_t>(text.size());
  write_request_line(text, head);
  record.middle_size = static_cast<std::uint32_t>(text.size()) - record.client_size;
  text += " \"";
  append_combined(text, or_dash(referer));
  text += "\" \"";
  append_combined(text, or_dash(agent));
  text += "\"\n";
}

void AccessLog::note_answer(const AccessRecord& record,
                            const std::shared_ptr<route::Ledger>& ledger, const Outcome& outcome) {
  if (record.format == Format::off) return;
  refresh_times();
  std::string& out = ledger->access_lines;
  if (out.empty()) out.reserve(kBlockBytes + 1024);
  const std::string_view text = record.text;
  if (record.format == Format::combined) {
    out += text.substr(0, record.client_size);
    out += combined_time_;
    out += text.substr(record.client_size, record.middle_size);
    out += "\" ";
    append_number(out, static_cast<std::uint64_t>(outcome.status));
    out += ' ';
    append_number(out, outcome.bytes_out);
    out += text.substr(record.client_size + record.middle_size);
  } else {
    out += R"({"time":")";
    out += json_time_;
    const std::uint64_t millis = loop_.wall_millis() % 1000;
    for (const std::uint64_t unit : {100, 10, 1}) {
      out += static_cast<char>('0' + millis / unit % 10);
    }
    out += R"(Z",)";
    out += text;
    out += R"(,"status":)";
    append_number(out, static_cast<std::uint64_t>(outcome.status));
    out += R"(,"bytes_in":)";
    append_number(out, outcome.bytes_in);
    out += R"(,"bytes_out":)";
    append_number(out, outcome.bytes_out);
    out += R"(,"duration_us":)";
    append_number(out, static_cast<std::uint64_t>(
                           std::chrono::duration_cast<std::chrono::microseconds>(outcome.took)
                               .count()));
    append_member(out, R"(,"upstream":")", outcome.upstream);
    append_member(out, R"(,"app":")", ledger->traffic.key);
    out += R"(,"release":)";
    append_number(out, ledger->traffic.generation);
    out += "}\n";
  }
  list(ledger);
  if (out.size() >= kBlockBytes) hand_over(ledger->traffic.key, Kind::access, out);
}

void AccessLog::error(const AccessRecord& record, const std::shared_ptr<route::Ledger>& ledger,
                      std::string_view what) {
  refresh_times();
  std::string& out = ledger->error_lines;
  out += error_time_;
  out += what;
  const std::string_view text = record.text;
  if (record.format == Format::combined) {
    out += ", client: ";
    out += text.substr(0, record.client_size);
    out += ", request: \"";
    out += text.substr(record.client_size, record.middle_size);
    out += '"';
  } else if (record.format == Format::json) {
    out += ", request: {";
    out += text;
    out += '}';
  }
  out += '\n';
  list(ledger);
  if (out.size() >= kBlockBytes) hand_over(ledger->traffic.key, Kind::error, out);
}

void AccessLog::list(const std::shared_ptr<route::Ledger>& ledger) {
  if (ledger->listed) return;
  ledger->listed = true;
  if (listed_.empty()) loop_.timers().set(*this, loop_.now() + kFlushTime);
  listed_.push_back(ledger);
}

void AccessLog::hand_over(const std::string& key, Kind kind, std::string& lines) {
  if (!lines.empty()) sink_->take_lines(key, kind, std::exchange(lines, {}));
}

void AccessLog::flush() {
  loop_.timers().clear(*this);
  for (const auto& ledger : std::exchange(listed_, {})) {
    ledger->listed = false;
    hand_over(ledger->traffic.key, Kind::access, ledger->access_lines);
    hand_over(ledger->traffic.key, Kind::error, ledger->error_lines);
  }
}

void AccessLog::refresh_times() {
  const std::uint64_t second = loop_.wall_millis() / 1000;
  if (second == second_) return;
  second_ = second;
  const auto when = static_cast<std::time_t>(second);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 64> text;
  const auto write = [&](const char* format) {
    return std::string(text.data(), std::strftime(text.data(), text.size(), format, &parts));
  };
  combined_time_ = write(" - - [%d/%b/%Y:%H:%M:%S +0000] \"");
  json_time_ = write("%Y-%m-%dT%H:%M:%S.");
  error_time_ = write("%Y/%m/%d %H:%M:%S [error] ");
}

}  // namespace dokku::proxy::session
