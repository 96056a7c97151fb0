// dokku-receive: the pre-receive hook of every app's repository, run by git as user `dokku`.
//
// Reads the refs that a push wants to change from standard input, hands them to dokkud as one
// command, and with them a pipe into which it writes the pushed tree as a tar. Whether the push is
// taken is dokkud's to say, by the exit status; its lines go to the person as git's `remote:`
// lines.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/io.h"
#include "buildstep/git/branch.h"
#include "buildstep/git/tree_tar.h"
#include "cli/client/client.h"
#include "cli/client/exchange.h"
#include "cli/client/remote_lines.h"

namespace {

using namespace dokku;  // NOLINT: this file is the program

constexpr std::size_t kRefsBytesMax = 1 << 20;
constexpr int kAgainMax = 3;
constexpr int kTryAgainMs = 50;
// As long as an upgrade that is undone may take; each try waits for seconds itself.
constexpr auto kAwayMax = std::chrono::seconds(40);

// "OLD NEW REF" per line becomes three words each.
std::vector<std::string> words_of(const std::string& lines) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : lines) {
    if (c != ' ' && c != '\n') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

// The two ends of the tar's way. A mark lies in the writer's end: when it is not taken out before
// the end is closed (the tree could not be read, or we were killed), the reader gets an error
// instead of an end of file, so that half a tree is never taken for a whole one.
struct TarWay {
  UniqueFd reader, writer;
};

Result<TarWay> tar_way() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return fail_syscall("socketpair", errno);
  }
  TarWay way{UniqueFd(ends[0]), UniqueFd(ends[1])};
  TRY(write_all(way.reader.get(), "?"));
  return way;
}

// The end of the pipe by which git speaks to the person, opened anew. Git itself does not notice
// that sshd is gone while a hook is silent: it ignores the broken pipe then, and keeps our own
// pipe's reading end open. Invalid: it is no pipe.
UniqueFd way_to_the_person() {
  const std::string path = "/proc/" + std::to_string(::getppid()) + "/fd/1";
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

// What became of the tree, for the person: only when dokkud did not refuse it (a refused one cannot
// be written, and dokkud has its own words).
struct TreeOutcome {
  std::optional<Error> trouble;
};

// On a thread of its own: dokkud reads when it has decided to take the push. When it does not, it
// closes its end, and writing fails.
TreeOutcome write_tree(const buildstep::TreeWanted& wanted, UniqueFd into) {
  const bool deletion = wanted.commit.find_first_not_of('0') == std::string::npos;
  if (deletion) return {};  // has no tree; dokkud refuses it
  const Result<buildstep::ObjectDirs> objects =
      buildstep::object_dirs_from_environment([](const char* name) { return ::getenv(name); });
  if (!objects) return {objects.error()};
  const Result<buildstep::TreeSummary> written =
      buildstep::write_tree_as_tar(*objects, wanted, into.get());
  if (!written) return {written.error()};
  char mark = 0;
  const Result<std::size_t> taken = read_some(into.get(), &mark, 1);
  if (!taken) return {taken.error()};
  return {};
}

// Another push may have been deployed while this one waited for its turn.
void let_git_move(const std::string& ref, const std::string& old_commit) {
  const char* const git_dir = ::getenv("GIT_DIR");
  const Result<> put = buildstep::put_branch(git_dir ? git_dir : ".", {ref, old_commit});
  if (!put) cli::complain(put.error().message());
}

Result<int> receive_once(const std::vector<std::string>& refs,
                         const cli::Environment& environment) {
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  TarWay way = TRY(tar_way());
  cli::ExchangeOptions options;
  options.socket = variable("DOKKU_SOCKET");
  options.what = "the push";
  options.call.argv = {"git-hook", variable("DOKKU_PUSH_APP")};
  options.call.argv.insert(options.call.argv.end(), refs.begin(), refs.end());
  options.call.environment = cli::environment_for_daemon(environment);
  options.call.key_id = variable("DOKKU_PUSH_KEY");
  options.descriptors.push_back(std::move(way.reader));
  options.environment = environment;
  options.ends_with_its_reader = true;
  options.reader_to_watch = way_to_the_person();
  options.print = cli::RemoteLines();
  // For both threads and to the end: a refused tree is an error of write, not our death.
  sigset_t pipe{};
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  TreeOutcome tree;
  buildstep::TreeWanted wanted;
  if (refs.size() > 1) wanted.commit = refs[1];
  if (refs.size() > 2 && variable("DOKKU_PUSH_KEEP_GIT_DIR") == "true") {
    wanted.git_dir_on = refs[2];
  }
  std::thread writer([&tree, &wanted, into = std::move(way.writer)]() mutable {
    tree = write_tree(wanted, std::move(into));
  });
  Result<int> status = cli::exchange(std::move(options));
  // The reading end is closed by now, so the writer has ended or is about to.
  writer.join();
  if (!status) return status;
  if (*status == 0 && refs.size() == 3) let_git_move(refs[2], refs[0]);
  if (tree.trouble && tree.trouble->code() != Errc::internal) {
    cli::complain(tree.trouble->message());
  }
  return status;
}

// An upgrade of dokkud cuts a push off. The tree is still here, so the next daemon gets it.
Result<int> receive(const std::vector<std::string>& refs, cli::Environment environment) {
  environment[cli::wire::kTriesAgain] = "true";
  Result<int> status = receive_once(refs, environment);
  for (int again = 0; again < kAgainMax && status && *status == cli::wire::kTryAgain; ++again) {
    if (again + 1 == kAgainMax) environment.erase(cli::wire::kTriesAgain);
    const auto limit = std::chrono::steady_clock::now() + kAwayMax;
    do {
      status = receive_once(refs, environment);
      if (!status) ::poll(nullptr, 0, kTryAgainMs);
    } while (!status && std::chrono::steady_clock::now() < limit);
  }
  return status;
}

}  // namespace

int main() {
  const cli::Environment environment = cli::environment_from(environ);
  const Result<std::string> lines = read_all(STDIN_FILENO, kRefsBytesMax);
  if (!lines) {
    cli::complain("too many refs in one push; push one branch");
    return 1;
  }
  const Result<int> status = receive(words_of(*lines), environment);
  if (!status) cli::complain("dokkud does not answer: " + status.error().message());
  return status ? *status : 1;
}
