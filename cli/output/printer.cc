#include "cli/output/printer.h"

#include "cli/output/report.h"
#include "cli/output/times.h"

namespace dokku::cli {
namespace {

constexpr std::string_view kInfo1 = "-----> ";
constexpr std::string_view kInfo2 = "=====> ";
constexpr std::string_view kVerbose = "       ";
constexpr std::string_view kWarn = " !     ";
constexpr std::string_view kDebug = " ?     ";
constexpr std::size_t kBatchBytes = 64U << 10;

// Each line of `text` behind the marker.
std::string mark(std::string_view marker, std::string_view text) {
  std::string marked;
  while (true) {
    const std::size_t end = text.find('\n');
    marked.append(marker).append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos || end + 1 == text.size()) return marked;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void Printer::out(std::string_view text) {
  if (!batching_) return session_.out(text);
  batch_ += text;
  if (batch_.size() >= kBatchBytes) flush();
}

void Printer::flush() {
  if (!batch_.empty()) session_.out(batch_);
  batch_.clear();
}

void Printer::err(std::string_view text) {
  flush();
  session_.err(text);
}

void Printer::marked(std::string_view marker, std::string_view text) { out(mark(marker, text)); }

void Printer::info1(std::string_view text) { marked(kInfo1, text); }
void Printer::info2(std::string_view text) { marked(kInfo2, text); }
void Printer::verbose(std::string_view text) { marked(kVerbose, text); }

void Printer::info1_quiet(std::string_view text) {
  if (!options_.quiet) info1(text);
}

void Printer::info2_quiet(std::string_view text) {
  if (!options_.quiet) info2(text);
}

void Printer::verbose_quiet(std::string_view text) {
  if (!options_.quiet) verbose(text);
}

void Printer::exclaim(std::string_view text) { marked(kWarn, text); }

void Printer::warn(std::string_view text) { err(mark(kWarn, text)); }

void Printer::debug(std::string_view text) {
  if (options_.trace) err(mark(kDebug, text));
}

void Printer::line(std::string_view text) { out(std::string(text) + "\n"); }

void Printer::error_line(std::string_view text) { err(std::string(text) + "\n"); }

bool Printer::colour() const {
  const auto& environment = session_.environment();
  const auto no_colour = environment.find("NO_COLOR");
  if (no_colour != environment.end() && !no_colour->second.empty()) return false;
  const TerminalInfo& terminal = session_.terminal();
  return terminal.stdout_is_terminal && terminal.term != "dumb";
}

void Printer::table(const std::vector<std::vector<std::string>>& rows) {
  const TerminalInfo& terminal = session_.terminal();
  const PrinterBatch batch(*this);
  for (const std::string& row : cli::table(rows)) {
    line(terminal.stdout_is_terminal ? fitted(row, terminal.columns) : row);
  }
}

std::string Printer::time(WallTime at, WallTime now) const {
  return session_.terminal().stdout_is_terminal ? time_ago(at, now) : iso_time(at);
}

PrinterBatch::PrinterBatch(Printer& print) : print_(print), outermost_(!print.batching_) {
  print_.batching_ = true;
}

PrinterBatch::~PrinterBatch() {
  if (!outermost_) return;
  print_.flush();
  print_.batching_ = false;
}

}  // namespace dokku::cli
