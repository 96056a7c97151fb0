// logs:platform: what our own programs printed; from their files, or from the journal where there
// is one and they are services.
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/io.h"
#include "base/process.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/log_limits.h"
#include "server/logs/file_tail.h"
#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

using server::DaemonLog;
using server::FileTail;

constexpr long kLinesDefault = 100;
constexpr const char* kPrograms[] = {"containerd", "dokku-proxy", "dokkud", "sshd"};
constexpr const char* kJournal = "/run/systemd/journal/socket";
constexpr const char* kReader = "/usr/bin/journalctl";

struct Wish {
  std::string program;  // empty: all
  std::size_t lines = 100;
  bool follow = false;
};

Result<Wish> read_wish(const Invocation& call) {
  TRY(at_most(call, 1));
  Wish wish;
  const long lines = call.options.number("num", kLinesDefault);
  wish.lines = lines < 0 ? SIZE_MAX : static_cast<std::size_t>(lines);
  wish.follow = call.options.has("tail");
  if (call.args.empty()) return wish;
  wish.program = call.args[0] == "proxy" ? "dokku-proxy" : call.args[0];
  std::string names;
  for (const char* name : kPrograms) {
    if (wish.program == name) return wish;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return fail(Errc::invalid_argument,
              "There is no program " + server::printable(call.args[0]) + "\nThere are: " + names);
}

// --- files

struct Source {
  std::string program;
  FileTail tail;
};

// Each file's lines, its program in front when there are several.
Result<> print_new(Session& session, std::vector<Source>& sources, bool named) {
  for (Source& source : sources) {
    std::string batch;
    TRY(source.tail.read([&](std::string_view line) {
      if (named) batch += source.program + ": ";
      batch.append(line).push_back('\n');
      return !session.cancel().cancelled();
    }));
    session.out(batch);
  }
  return {};
}

Result<> follow(Session& session, std::vector<Source>& sources, bool named) {
  std::vector<pollfd> watched{{session.cancel().fd(), POLLIN, 0}};
  for (const Source& source : sources) watched.push_back({source.tail.fd(), POLLIN, 0});
  while (!session.cancel().cancelled()) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
      return fail_syscall("poll", errno);
    }
    TRY(print_new(session, sources, named));
  }
  return {};
}

Result<> print_files(Invocation& call, const Wish& wish, const std::vector<DaemonLog>& logs) {
  std::vector<Source> sources;
  for (const DaemonLog& log : logs) {
    if (!wish.program.empty() && log.program != wish.program) continue;
    FileTail tail =
        TRY(FileTail::open({.file = log.file, .lines = wish.lines, .follow = wish.follow}));
    sources.push_back({log.program, std::move(tail)});
  }
  if (sources.empty()) {
    return fail(Errc::invalid_argument,
                "Nothing is logged in " + call.platform.instance.daemon_logs_dir.string());
  }
  const bool named = wish.program.empty();
  TRY(print_new(call.session, sources, named));
  if (wish.follow) TRY(follow(call.session, sources, named));
  return {};
}

// --- the journal

// "dokkud" is the unit of that name; the others are named after the instance's programs.
std::vector<std::string> journal_arguments(const Wish& wish) {
  std::vector<std::string> words{"journalctl", "--quiet", "--no-pager", "--output=short-iso"};
  for (const char* name : kPrograms) {
    if (!wish.program.empty() && wish.program != name) continue;
    const std::string program = name;
    if (program == "sshd") {
      words.insert(words.end(), {"-u", "ssh", "-u", "sshd"});
    } else if (program == "containerd") {
      words.insert(words.end(), {"-u", "containerd", "-u", "dokku-containerd"});
    } else {
      words.insert(words.end(), {"-u", program});
    }
  }
  words.push_back(wish.lines == SIZE_MAX ? "--lines=all" : "--lines=" + std::to_string(wish.lines));
  if (wish.follow) words.emplace_back("--follow");
  return words;
}

Result<> print_journal(Invocation& call, const Wish& wish) {
  Pipe pipe = TRY(make_pipe());
  ProcessSpec spec;
  spec.program = kReader;
  spec.arguments = journal_arguments(wish);
  spec.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
  spec.stdout_fd = pipe.write.get();
  spec.stderr_fd = pipe.write.get();
  const Process reader = TRY(Process::start(spec));  // its end is this scope's
  pipe.write.reset();
  std::string piece(std::size_t{16} << 10, '\0');
  for (;;) {
    pollfd look[2] = {{pipe.read.get(), POLLIN, 0}, {call.session.cancel().fd(), POLLIN, 0}};
    if (::poll(look, 2, -1) < 0 && errno != EINTR) return fail_syscall("poll", errno);
    if (call.session.cancel().cancelled()) return {};
    if (look[0].revents == 0) continue;
    const std::size_t got = TRY(read_some(pipe.read.get(), piece.data(), piece.size()));
    if (got == 0) return {};
    call.session.out(std::string_view(piece).substr(0, got));
  }
}

bool has(const std::vector<DaemonLog>& logs, const std::string& program) {
  return std::any_of(logs.begin(), logs.end(),
                     [&](const DaemonLog& log) { return log.program == program; });
}

Result<int> logs_platform(Invocation& call) {
  const Wish wish = TRY(read_wish(call));
  const std::vector<DaemonLog> logs = server::own_logs(call.platform.instance);
  std::error_code ignored;
  // An instance beside the packages' has files although the machine has a journal; a containerd of
  // our own has a file always.
  const bool services = !has(logs, "dokkud") && std::filesystem::exists(kJournal, ignored);
  const bool in_files = !services || (wish.program == "containerd" && has(logs, "containerd"));
  if (in_files) {
    TRY(print_files(call, wish, logs));
    return 0;
  }
  if (wish.program.empty() && has(logs, "containerd")) {
    TRY(print_files(call, {"containerd", wish.lines, false}, logs));
  }
  TRY(print_journal(call, wish));
  return 0;
}

}  // namespace

void add_platform_logs_commands(Registry& registry) {
  registry.add({.name = "logs:platform",
                .arguments = "[-t|--tail] [-n|--num N] [<program>]",
                .description = "Show what dokkud, the proxy, containerd and sshd logged",
                .access = Access::admin,
                .run = logs_platform,
                .flags = {{"tail", 't', Flag::Kind::boolean, "go on with what is logged now"},
                          {"num", 'n', Flag::Kind::number, "lines per program (100)"}},
                .examples = {"logs:platform", "logs:platform -t dokkud"},
                .long_running = true});
}

}  // namespace dokku::cli
