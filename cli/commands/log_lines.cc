#include "cli/commands/log_lines.h"

#include <map>

#include "cli/commands/follow_file.h"

namespace dokku::cli {
namespace {

using server::LogLine;

constexpr long kLinesDefault = 100;
constexpr std::size_t kBatchBytes = 16U << 10;

// Lines in Dokku's form, sent in batches.
class LogPrinter {
 public:
  LogPrinter(Session& session, bool bare, bool colour)
      : session_(session), bare_(bare), colour_(colour) {}
  ~LogPrinter() { flush(); }

  void print(const LogLine& line) {
    if (!bare_) batch_ += prefix(line);
    batch_ += line.text;
    batch_ += '\n';
    if (batch_.size() >= kBatchBytes) flush();
  }
  void flush() {
    session_.out(batch_);
    batch_.clear();
  }

 private:
  // "2026-11-21T02:22:57.123456789Z app[web.1]: ", in a colour of the process's own.
  std::string prefix(const LogLine& line) {
    const std::string text = line.time + " app[" + line.process + "]:";
    if (!colour_) return text + " ";
    const auto [found, fresh] = colours_.emplace(line.process, 31 + colours_.size() % 6);
    return "\033[" + std::to_string(found->second) + "m" + text + "\033[0m ";
  }

  Session& session_;
  bool bare_;
  bool colour_;
  std::map<std::string, std::size_t> colours_;
  std::string batch_;
};

Result<> follow(Session& session, server::LogReader& reader, LogPrinter& printer) {
  return follow_file(session, reader.fd(), [&]() -> Result<> {
    TRY(reader.read([&](const LogLine& line) {
      printer.print(line);
      return !session.cancel().cancelled();
    }));
    printer.flush();
    return {};
  });
}

}  // namespace

std::vector<Flag> log_flags() {
  return {{"tail", 't', Flag::Kind::boolean, "go on with what is printed now"},
          {"num", 'n', Flag::Kind::number, "lines per process (100)"},
          {"ps", 'p', Flag::Kind::text, "one process type, or one process (web.1)"},
          {"quiet", 'q', Flag::Kind::boolean, "the text alone"}};
}

Result<int> print_logs(Invocation& call, server::LogQuery query) {
  const long lines = call.options.number("num", kLinesDefault);
  query.lines = lines < 0 ? SIZE_MAX : static_cast<std::size_t>(lines);
  query.per_process = true;
  query.follow = call.options.has("tail");
  if (call.options.has("ps")) query.process = call.options.text("ps");
  server::LogReader reader = TRY(server::LogReader::open(query));
  LogPrinter printer(call.session, call.options.has("quiet") || call.globals.quiet,
                     call.print.colour());
  if (query.follow) {
    TRY(follow(call.session, reader, printer));
    return 0;
  }
  TRY(reader.read([&](const LogLine& line) {
    printer.print(line);
    return !call.session.cancel().cancelled();
  }));
  return 0;
}

}  // namespace dokku::cli
