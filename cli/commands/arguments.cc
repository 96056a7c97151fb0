#include "cli/commands/arguments.h"

#include <charconv>

#include "base/io.h"
#include "server/model/app_name.h"

namespace dokku::cli {

Result<server::App> app_argument(Invocation& call, std::size_t index, Missing missing) {
  if (call.args.size() <= index || call.args[index].empty()) {
    constexpr const char* kSpecify = "Please specify an app to run the command on";
    if (missing == Missing::go) return fail(Errc::invalid_argument, kSpecify);
    return fail(Errc::not_found, server::app_missing("").message() + "\n" + kSpecify);
  }
  server::App app = TRY(call.platform.apps.find(call.args[index]));
  const bool domains_changed = TRY(call.platform.mirror.take_up(app));
  if (!domains_changed) return app;
  PrinterProgress progress(call);
  TRY(call.platform.domains.routes_changed(app, progress));
  return call.platform.apps.find(call.args[index]);
}

Result<> confirm_destruction(Invocation& call, std::string_view kind, std::string_view name) {
  if (call.globals.force || call.options.has("force")) return {};
  call.print.warn("WARNING: Potentially Destructive Action");
  call.print.warn("This command will destroy " + std::string(kind) + " " + std::string(name) + ".");
  call.print.warn("To proceed, type \"" + std::string(name) + "\"");
  call.print.error_line("");
  const Result<std::string> answer = call.session.ask("> ");
  if (answer && *answer == name) return {};
  return fail(Errc::cancelled, "Confirmation did not match test. Aborted.");
}

Result<> at_most(const Invocation& call, std::size_t most) {
  if (call.args.size() <= most) return {};
  std::string words;
  for (std::size_t i = most; i < call.args.size(); ++i) {
    words += (words.empty() ? "" : " ") + server::printable(call.args[i]);
  }
  return fail(Errc::invalid_argument, "Unexpected argument(s): [" + words + "]");
}

Result<bool> asks_for_json(const Invocation& call) {
  const std::string format = call.options.text("format", "stdout");
  if (format == "json") return true;
  if (format == "stdout") return false;
  return fail(Errc::invalid_argument, "Invalid format specified, valid formats: stdout, json");
}

Result<std::optional<std::uint64_t>> number_argument(const Invocation& call, std::size_t index,
                                                     std::string_view what) {
  if (call.args.size() <= index) return std::optional<std::uint64_t>();
  const std::string& word = call.args[index];
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && end == word.data() + word.size()) {
    return std::optional<std::uint64_t>(number);
  }
  return fail(Errc::invalid_argument,
              server::printable(word) + " is no number of a " + std::string(what));
}

Result<std::string> read_named_file(Invocation& call, const std::string& path,
                                    std::size_t bytes_max) {
  const Result<UniqueFd> file = call.session.open_callers_file(path);
  // not_found would mean an app.
  if (!file) return fail(Errc::invalid_argument, "Cannot read it: " + file.error().message());
  return read_all(file->get(), bytes_max);
}

void record_event(Invocation& call, std::string_view app, std::string detail) {
  call.notes.push_back({std::string(app), std::move(detail)});
}

}  // namespace dokku::cli
