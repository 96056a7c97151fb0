// Printer: Dokku's line markers on the right streams (docs/commands.md).
//
// Threads: that of the command. Names are Dokku's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/output/session.h"

namespace dokku::cli {

struct PrinterOptions {
  bool quiet = false;  // --quiet: the _quiet variants print nothing
  bool trace = false;  // --trace: debug lines
};

class Printer {
 public:
  Printer(Session& session, PrinterOptions options) : session_(session), options_(options) {}

  void info1(std::string_view text);    // "-----> text"
  void info2(std::string_view text);    // "=====> text"
  void verbose(std::string_view text);  // seven spaces and text
  void info1_quiet(std::string_view text);
  void info2_quiet(std::string_view text);
  void verbose_quiet(std::string_view text);
  void exclaim(std::string_view text);     // " !     text" on stdout
  void warn(std::string_view text);        // the same on stderr, each line of `text` marked
  void debug(std::string_view text);       // " ?     text" on stderr, with --trace
  void line(std::string_view text);        // stdout, as it is, and a newline
  void error_line(std::string_view text);  // stderr, as it is, and a newline
  // One column after the other, two spaces between; the first row is the head. On a terminal that
  // is too narrow the last column is cut, ending in "…".
  void table(const std::vector<std::vector<std::string>>& rows);
  // For a person on a terminal "3 minutes ago", else ISO 8601.
  std::string time(WallTime at, WallTime now) const;

  bool quiet() const { return options_.quiet; }
  // Colour only for a person on a terminal, and never with NO_COLOR or TERM=dumb.
  bool colour() const;

 private:
  friend class PrinterBatch;
  void out(std::string_view text);
  void err(std::string_view text);
  void flush();
  void marked(std::string_view marker, std::string_view text);
  Session& session_;
  PrinterOptions options_;
  bool batching_ = false;
  std::string batch_;
};

// While it lives, standard output is collected and leaves in large pieces: a report over hundreds
// of apps is a few messages to the client, not thousands. What goes to stderr flushes it first.
class PrinterBatch {
 public:
  explicit PrinterBatch(Printer& print);
  ~PrinterBatch();
  PrinterBatch(const PrinterBatch&) = delete;
  PrinterBatch& operator=(const PrinterBatch&) = delete;

 private:
  Printer& print_;
  bool outermost_;
};

}  // namespace dokku::cli
