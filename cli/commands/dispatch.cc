#include "base/check.h"
#include "cli/commands/access.h"
#include "cli/commands/arguments.h"
#include "cli/commands/audit.h"
#include "cli/commands/call_outcome.h"
#include "cli/commands/flags.h"
#include "cli/commands/help.h"
#include "cli/commands/planned.h"
#include "cli/commands/registry.h"
#include "cli/commands/trace.h"
#include "cli/commands/usage.h"
#include "server/model/app_name.h"
#include "server/store/trace.h"

namespace dokku::cli {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr int kFailed = 1;
constexpr int kUnknownFlag = 2;
constexpr int kUnknownApp = 20;

bool set_in(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found != environment.end() && !found->second.empty() && found->second != "0";
}

// Takes the leading global flags off and returns how many words they were.
std::size_t read_globals(const std::vector<std::string>& argv, Call& call) {
  constexpr std::string_view kApp = "--app=";
  std::size_t at = 0;
  for (; at < argv.size(); ++at) {
    const std::string& word = argv[at];
    if (word == "--quiet") {
      call.globals.quiet = true;
    } else if (word == "--trace") {
      call.globals.trace = true;
    } else if (word == "--force") {
      call.globals.force = true;
    } else if (word == "--app" && at + 1 < argv.size()) {
      call.app = argv[++at];
    } else if (word.rfind(kApp, 0) == 0) {
      call.app = word.substr(kApp.size());
    } else if (word == "--rm" || word == "--rm-container") {
      // Of 2014: `run` removes its container always.
    } else {
      break;
    }
  }
  return at;
}

// "apps create x" means "apps:create x", unless the first word is a command of its own whose first
// argument is an app that could be called like a verb ("logs failed", "run list").
const Command* space_form(const Registry& registry, const std::vector<std::string>& words) {
  if (words.size() < 2 || words[0].find(':') != std::string::npos) return nullptr;
  const Command* joined = registry.find(words[0] + ":" + words[1]);
  if (joined == nullptr) return nullptr;
  const Command* bare = registry.find(words[0]);
  if (bare == nullptr || bare->arguments.empty()) return joined;
  if (joined->arguments.starts_with("[<app>")) return joined;  // "ps report": of all apps
  return bare->grammar != Grammar::flags_lead && words.size() > 2 ? joined : nullptr;
}

// What Dokku has and we have not, yet.
void find_not_yet(const std::vector<std::string>& words, Call& call) {
  const bool joins = words.size() > 1 && words[0].find(':') == std::string::npos;
  for (const std::string& name : {joins ? words[0] + ":" + words[1] : words[0], words[0]}) {
    call.planned = find_planned(name);
    if (call.planned == nullptr) continue;
    call.typed = name;
    return;
  }
}

bool asks_for_help(const std::vector<std::string>& words, std::size_t at) {
  return words.size() > at && (words[at] == "--help" || words[at] == "-h");
}

// "apps:help", "apps", "apps --help", "apps help".
std::string help_topic_of(const Registry& registry, const std::vector<std::string>& words) {
  constexpr std::string_view kHelp = ":help";
  std::string topic = words[0];
  const bool suffix = topic.size() > kHelp.size() &&
                      topic.compare(topic.size() - kHelp.size(), kHelp.size(), kHelp) == 0;
  if (suffix) topic.resize(topic.size() - kHelp.size());
  if (registry.topic(topic) == nullptr) return {};
  const bool asked = suffix || asks_for_help(words, 1) || (words.size() == 2 && words[1] == "help");
  return asked || registry.find(topic) == nullptr ? topic : std::string();
}

// "version:help" of a command that is no topic: as "version --help".
void take_help_of_command(const Registry& registry, std::vector<std::string>& words) {
  constexpr std::string_view kHelp = ":help";
  if (words[0].size() <= kHelp.size() || !words[0].ends_with(kHelp)) return;
  const std::string name = words[0].substr(0, words[0].size() - kHelp.size());
  if (registry.topic(name) == nullptr && registry.find(name) != nullptr) words = {name, "--help"};
}

// What everybody with a key may read.
const Command& help_of(const Registry& registry) {
  const Command* help = registry.find("help");
  CHECK(help != nullptr);
  return *help;
}

constexpr std::size_t kErrorBytesMax = 4000;

// Errors repeat what was typed and what others printed: nothing of it may move a terminal's cursor
// or fill its screen. In pieces that `printable` does not cut, and that end where a letter ends.
std::string clean(std::string_view message) {
  constexpr std::size_t kPiece = 160;
  std::string text;
  for (std::string_view rest = message; !rest.empty() && text.size() < kErrorBytesMax;) {
    std::size_t size = std::min(kPiece, rest.find('\n'));
    while (size >= kPiece && size < rest.size() && (rest[size] & 0xC0) == 0x80 &&
           size < kPiece + 4) {
      ++size;
    }
    text += server::printable(rest.substr(0, size));
    rest.remove_prefix(std::min(size, rest.size()));
    if (!rest.empty() && rest[0] == '\n') {
      text += '\n';
      rest.remove_prefix(1);
    }
    if (text.size() >= kErrorBytesMax && !rest.empty()) text += "…";
  }
  return text;
}

// Whoever ran into it (store, containerd, a spool) says so in the kernel's words.
bool is_full_disk(const std::string& message) {
  return message.find("No space left on device") != std::string::npos ||
         message.find("no space left on device") != std::string::npos;
}

int status_of(Printer& print, const Result<int>& result) {
  if (result) return *result;
  const std::string& message = result.error().message();
  if (!message.empty()) print.warn(clean(message));
  if (is_full_disk(message)) {
    print.warn(
        "The disk is full. See what uses it: dokku disk:report; make room: dokku cleanup "
        "--caches");
  }
  return result.error().code() == Errc::not_found ? kUnknownApp : kFailed;
}

// The first word that names an app, for the audit log: an option's value never is one.
std::string app_word(const Command& command, const ParsedWords& words) {
  if (!names_app(command)) return {};
  for (const std::string& word : words.args) {
    if (!word.empty() && word[0] != '-') return word;
  }
  return {};
}

// Commands that take an app and nothing else say so for all of them at one place; that there is no
// such app comes first.
Result<> check_count(const Invocation& call, const Command& command) {
  if (call.args.size() < 2 || call.args[0].empty()) return {};
  const UsageWords usage = read_usage(command.arguments);
  const bool app_alone = usage.positionals.size() == 1 && !usage.last_repeats && names_app(command);
  if (!app_alone || call.args[0] == "--global") return {};
  TRY(call.platform.apps.find(call.args[0]));
  return at_most(call, 1);
}

std::string milliseconds(Duration took) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms",
                std::chrono::duration<double, std::milli>(took).count());
  return text;
}

std::string deed_text(const server::StoreDeed& deed) {
  std::string tables;
  for (const std::string& table : deed.tables) tables += (tables.empty() ? "" : ", ") + table;
  return (deed.changes ? "store: changed " : "store: read ") +
         (tables.empty() ? "nothing" : tables) + " (" + std::to_string(deed.statements) +
         " statements, " + milliseconds(deed.took) + ")";
}

// The deed, told of on stderr when --trace was given: keys and names, never values.
Result<int> run_traced(const Command& command, Invocation& invocation) {
  if (!invocation.globals.trace) return run_as_call(command, invocation);
  const server::StoreTrace trace(
      [&](const server::StoreDeed& deed) { invocation.print.debug(deed_text(deed)); });
  const TimePoint from = std::chrono::steady_clock::now();
  Result<int> status = run_as_call(command, invocation);
  for (const AuditNote& note : invocation.notes) {
    std::string text = "changed";
    for (const std::string& part : {note.app, note.detail}) {
      if (!part.empty()) text += " " + clean(part);
    }
    invocation.print.debug(text);
  }
  invocation.print.debug(command.name + " took " +
                         milliseconds(std::chrono::steady_clock::now() - from));
  return status;
}

// The words read, the right checked, the deed done.
Result<int> do_found(const Registry& registry, Audit& session, server::Platform& platform,
                     Printer& print, Call& call, const Rights& rights,
                     std::vector<AuditNote>& notes) {
  const Command& command = *call.command;
  if (asks_for_help(call.args, 0)) {
    TRY(check_access(help_of(registry), {}, rights));
    return print_command_help(print, command);
  }
  Result<ParsedWords> words = parse_words(command, call.args);
  TRY(check_access(command, words ? *words : ParsedWords(), rights));
  if (!words) {
    print.error_line(words.error().message());
    session.err(flag_usage(command));
    return kUnknownFlag;
  }
  if (!call.app.empty() && names_app(command)) {
    words->args.insert(words->args.begin(), call.app);
  }
  session.set_app(app_word(command, *words));
  Invocation invocation{session,
                        platform,
                        print,
                        registry,
                        call.globals,
                        rights.who,
                        command.name,
                        std::move(words->options),
                        std::move(words->args)};
  TRY(check_count(invocation, command));
  // How many arguments, not which: some are secrets.
  print.debug(command.name + " as " + invocation.who + ", " +
              std::to_string(invocation.args.size()) + " arguments");
  Result<int> status = run_traced(command, invocation);
  notes = std::move(invocation.notes);
  return status;
}

// An app that was destroyed between the look-up and the deed does not exist, like any other, even
// if one of its name is there again. A look-up says so in Dokku's words, the store in its own.
Result<int> or_app_missing(Result<int> result, const Audit& session) {
  const bool gone = !result && result.error().code() == Errc::not_found && !session.app().empty() &&
                    !result.error().message().starts_with("App ");
  if (!gone) return result;
  return Fail(server::app_missing(session.app()));
}

int run_found(const Registry& registry, Session& person, server::Platform& platform, Call& call,
              const Rights& rights) {
  Audit session(person, platform, *call.command, rights.who);
  Printer print(session, {call.globals.quiet, call.globals.trace});
  std::vector<AuditNote> notes;
  const Result<int> result =
      or_app_missing(do_found(registry, session, platform, print, call, rights, notes), session);
  const int status = status_of(print, result);
  if (!result && result.error().code() == Errc::permission_denied && notes.empty()) {
    notes.push_back({session.app(), kRefused});
  }
  print.debug(call.command->name + " as " + rights.who + " ended with status " +
              std::to_string(status));
  session.ended(status, notes);
  return status;
}

}  // namespace

Call resolve(const Registry& registry, const Environment& environment,
             const std::vector<std::string>& argv) {
  Call call;
  call.globals = {set_in(environment, "DOKKU_QUIET_OUTPUT"), set_in(environment, "DOKKU_TRACE"),
                  set_in(environment, "DOKKU_APPS_FORCE_DELETE")};
  if (const auto app = environment.find("DOKKU_APP_NAME"); app != environment.end()) {
    call.app = app->second;
  }
  const std::size_t at = read_globals(argv, call);
  std::vector<std::string> words(argv.begin() + static_cast<std::ptrdiff_t>(at), argv.end());
  if (words.empty() || asks_for_help(words, 0)) words = {"help"};
  if (words[0] == "--version" || words[0] == "-v") words[0] = "version";
  take_help_of_command(registry, words);
  for (const std::string& word : words) call.typed += (call.typed.empty() ? "" : " ") + word;
  std::size_t used = 1;
  call.command = space_form(registry, words);
  if (call.command != nullptr) {
    used = 2;
  } else {
    call.help_topic = help_topic_of(registry, words);
    if (call.help_topic.empty()) call.command = registry.find(words[0]);
  }
  if (call.command == nullptr && call.help_topic.empty()) find_not_yet(words, call);
  call.args.assign(words.begin() + static_cast<std::ptrdiff_t>(used), words.end());
  return call;
}

int run_command(const Registry& registry, Session& session, server::Platform& platform,
                const std::vector<std::string>& argv) {
  Call call = resolve(registry, session.environment(), argv);
  call.globals.trace = call.globals.trace || trace_is_on(platform);
  Printer print(session, {call.globals.quiet, call.globals.trace});
  const Result<Rights> rights = rights_of(session.caller(), platform);
  if (!rights) return status_of(print, Fail(rights.error()));
  if (call.command != nullptr) {
    if (rights->scope.all()) return run_found(registry, session, platform, call, *rights);
    server::Platform seen(platform, rights->scope);
    return run_found(registry, session, seen, call, *rights);
  }
  const Result<> allowed = check_access(help_of(registry), {}, *rights);
  if (!allowed) return status_of(print, Fail(allowed.error()));
  if (!call.help_topic.empty()) return print_topic_help(print, registry, call.help_topic);
  if (call.planned != nullptr) return say_not_yet(print, call.typed, *call.planned);
  return say_unknown(print, registry, call.typed);
}

}  // namespace dokku::cli
