// What handlers ask of their arguments, with Dokku's words for each way to get them wrong.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/commands/command.h"
#include "server/model/progress.h"

namespace dokku::cli {

// What a topic says when no app is given: those that Dokku wrote in Go "Please specify an app to
// run the command on" (1), those in bash "App  does not exist" (20), to which we add the same line.
enum class Missing { go, bash };

// The app named by args[index]. Takes up files that were edited by hand.
Result<server::App> app_argument(Invocation& call, std::size_t index, Missing missing);

// `WARNING: …`, `type "NAME"`; with --force nothing is asked. cancelled: "Confirmation did not
// match test. Aborted."
Result<> confirm_destruction(Invocation& call, std::string_view kind, std::string_view name);

// A file that the caller named on the command line. invalid_argument: it cannot be read.
Result<std::string> read_named_file(Invocation& call, const std::string& path,
                                    std::size_t bytes_max);

// invalid_argument when there are more words than `most`: "Unexpected argument(s): [..]".
Result<> at_most(const Invocation& call, std::size_t most);

// --format json; stdout is the other one. invalid_argument: neither.
Result<bool> asks_for_json(const Invocation& call);

// The word at `index` as a number; nothing: there is no such word. invalid_argument: "x is no
// number of a build".
Result<std::optional<std::uint64_t>> number_argument(const Invocation& call, std::size_t index,
                                                     std::string_view what);

// The server's progress as lines of a Printer. Lives no longer than `call`.
class PrinterProgress : public server::Progress {
 public:
  explicit PrinterProgress(Invocation& call) : call_(call) {}
  void step(std::string_view text) override { call_.print.info1(text); }
  void title(std::string_view text) override { call_.print.info2(text); }
  void detail(std::string_view text) override { call_.print.verbose(text); }
  void warn(std::string_view text) override { call_.print.warn(text); }
  void line(std::string_view text) override { call_.print.line(text); }
  void debug(std::string_view text) override { call_.print.debug(text); }
  const CancelToken& cancel() const override { return call_.session.cancel(); }

 private:
  Invocation& call_;
};

// What the audit entry of this command says beyond its name: the app, which keys and names; never
// values. It is written when the command has ended, also without this.
void record_event(Invocation& call, std::string_view app, std::string detail);

}  // namespace dokku::cli
