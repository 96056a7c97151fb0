#include "cli/client/client.h"

#include <unistd.h>

#include <string_view>

#include "cli/client/become.h"
#include "cli/client/exchange.h"
#include "cli/client/starting.h"
#include "cli/client/terminal.h"

namespace dokku::cli {
namespace {

wire::Call call_for(const Invocation& invocation, const Environment& environment) {
  const TerminalSize size = terminal_size();
  wire::Call call;
  call.argv = invocation.argv;
  call.environment = environment_for_daemon(environment);
  call.key_id = invocation.key_id;
  call.stdin_is_terminal = ::isatty(STDIN_FILENO) == 1;
  call.stdout_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  call.columns = static_cast<std::uint16_t>(size.columns);
  call.rows = static_cast<std::uint16_t>(size.rows);
  return call;
}

std::string command_line(const Invocation& invocation) {
  std::string line = "dokku";
  for (const std::string& word : invocation.argv) line += " " + word;
  return line;
}

int explain(const Error& error, const Invocation& invocation, const Environment& environment) {
  // Somebody presses a key in the middle of a line: no place for messages.
  if (!invocation.argv.empty() && invocation.argv[0] == "complete") return 1;
  switch (error.code()) {
    case Errc::permission_denied:
      if (!invocation.by_ssh && ::geteuid() != 0) {
        // Comes back only when it failed.
        [[maybe_unused]] const Result<> failed = become_root(invocation, environment);
        complain("This needs root. Type: sudo " + command_line(invocation));
        return 1;
      }
      complain(error.message());
      return 1;
    case Errc::not_found:
    case Errc::unavailable:
      complain("dokkud does not run (" + error.message() + "); nothing was done");
      complain("Start it: " + how_to("start"));
      return 1;
    default:
      complain(error.message());
      return 1;
  }
}

// git's words that are not ours go the way that git's own shell sends them.
bool refused_git_word(const Invocation& invocation) {
  if (!invocation.by_ssh || !invocation.argv[0].starts_with("git-")) return false;
  for (const std::string_view known :
       {"git-receive-pack", "git-upload-pack", "git-upload-archive"}) {
    if (invocation.argv[0] == known) return false;
  }
  return true;
}

}  // namespace

int client_main(const std::vector<std::string>& arguments, const Environment& environment) {
  const Result<Invocation> invocation = read_invocation(arguments, environment);
  if (!invocation) {
    complain(invocation.error().message());
    return 1;
  }
  if (invocation->restores_terminal) return restore_terminal_main();
  if (refused_git_word(*invocation)) {
    [[maybe_unused]] const ssize_t ignored =
        ::write(STDERR_FILENO, "fatal: unrecognized command\n", 28);
    return 128;
  }
  ExchangeOptions options;
  options.socket = invocation->socket;
  options.call = call_for(*invocation, environment);
  options.environment = environment;
  options.ends_with_its_reader = invocation->by_ssh;
  const Result<int> status = exchange(std::move(options));
  if (!status) return explain(status.error(), *invocation, environment);
  return *status;
}

Environment environment_from(const char* const* lines) {
  Environment environment;
  for (; *lines != nullptr; ++lines) {
    const std::string_view line(*lines);
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    environment.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return environment;
}

}  // namespace dokku::cli
