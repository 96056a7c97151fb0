// The git side of the server: what git's client asks for over ssh, and the hook of a push.
//
// A push or fetch is not carried by the daemon: it says yes, and the client becomes git itself, as
// user `dokku`, with our hooks and settings given on the command line, never taken from the
// repository. docs/life-of-a-push.md.
#include <filesystem>
#include <iterator>
#include <system_error>

#include "base/log.h"
#include "cli/commands/arguments.h"
#include "cli/commands/cut_off.h"
#include "cli/commands/push_rules.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/deploys.h"
#include "server/deploy/git_history.h"
#include "server/platform/repository.h"
#include "server/store/releases.h"

namespace dokku::cli {
namespace {

using server::App;

constexpr int kLooseObjectsMax = 256;
constexpr const char* kPushBytesMax = "2147483648";

// git's own estimate: one of 256 folders, for objects whose digest begins with 17, tells of all.
bool wants_packing(const std::filesystem::path& repository) {
  std::error_code missing;
  std::filesystem::directory_iterator entries(repository / "objects/17", missing);
  return !missing && std::distance(begin(entries), end(entries)) > kLooseObjectsMax / 256;
}

std::vector<std::string> git_command(const server::Instance& instance,
                                     const std::filesystem::path& repository,
                                     const std::string& verb) {
  const auto set = [](const std::string& name, const std::string& value) {
    return name + "=" + value;
  };
  std::vector<std::string> argv{server::kGitProgram};
  for (const std::string& setting : {
           set("core.hooksPath", (instance.helpers_dir / "hooks").string()),
           set("safe.directory", repository.string()),
           set("receive.advertisePushOptions", "true"),
           set("receive.maxInputSize", kPushBytesMax),
           // How soon a client that is gone is noticed while the hook is silent.
           set("receive.keepAlive", "1"),
           set("receive.denyNonFastForwards", "false"),
           set("gc.auto", std::to_string(kLooseObjectsMax)),
           // Else each push starts two more programs, only to find that nothing is to do.
           set("receive.autogc", wants_packing(repository) ? "true" : "false"),
       }) {
    argv.push_back("-c");
    argv.push_back(setting);
  }
  argv.push_back(verb);
  argv.push_back(repository.string());
  return argv;
}

// As root, git would leave files in the repository that user `dokku` cannot write.
Result<> only_over_ssh(const Invocation& call) {
  if (call.session.caller().kind == Caller::Kind::key) return {};
  return fail(Errc::permission_denied, "This is for git over ssh: git push dokku@HOST:APP");
}

// Who clones gets the branch that is deployed, be it main or the master of old tutorials. A clone
// works without; so no failure here is one of the clone.
void point_head_at_live(const Invocation& call, const App& app) {
  const auto live = call.platform.store.read(
      [&](server::ReadTx& tx) { return server::live_release(tx, app.id); });
  if (!live || !*live || !(*live)->git_ref.starts_with("refs/heads/")) return;
  const Result<> done = server::point_head(call.platform.instance, app.name, (*live)->git_ref);
  if (!done) log::warn("HEAD of " + app.name.str() + ": " + done.error().message());
}

Result<int> become_git(Invocation& call, const App& app, const std::string& verb) {
  TRY(only_over_ssh(call));
  const server::Instance& instance = call.platform.instance;
  const std::filesystem::path repository = server::repository_path(instance, app.name);
  TRY(server::ensure_repository(instance, app.name));
  if (verb == "upload-pack") point_head_at_live(call, app);
  Program program;
  program.argv = server::git_lock(repository, git_command(instance, repository, verb));
  program.environment = server::git_environment();
  program.environment.push_back("DOKKU_SOCKET=" + instance.command_socket().string());
  program.environment.push_back("DOKKU_PUSH_APP=" + app.name.str());
  program.environment.push_back("DOKKU_PUSH_KEY=" + call.session.caller().key_id);
  const server::GitSettings settings = TRY(call.platform.store.read(
      [&](server::ReadTx& tx) { return server::git_settings(tx, app.id); }));
  if (settings.keep_git_dir) program.environment.push_back("DOKKU_PUSH_KEEP_GIT_DIR=true");
  TRY(call.session.become(std::move(program)));
  return 0;
}

Result<int> receive_pack(Invocation& call) {
  if (call.args.empty()) return Fail(server::app_missing(""));
  TRY(only_over_ssh(call));
  const server::AppName name = TRY(server::AppName::parse(call.args[0]));
  Result<App> app = call.platform.apps.find_or_create(name);
  if (!app && app.error().code() == Errc::conflict) {
    return fail(Errc::conflict, app.error().message() + "\nType: dokku apps:create " + name.str());
  }
  if (!app) return Fail(std::move(app).error());
  return become_git(call, *app, "receive-pack");
}

Result<int> upload_pack(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  return become_git(call, app, "upload-pack");
}

Result<int> upload_archive(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  return become_git(call, app, "upload-archive");
}

// `git push -o no-wait`
bool has_push_option(const Session& session, const std::string& option) {
  for (const auto& [name, value] : session.environment()) {
    if (name.starts_with("GIT_PUSH_OPTION_") && value == option) return true;
  }
  return false;
}

// Called by dokku-receive inside git's pre-receive hook, with the pushed tree in a descriptor.
Result<int> hook(Invocation& call) {
  if (call.args.empty()) return Fail(server::app_missing(""));
  const App app = TRY(call.platform.apps.find(call.args[0]));
  const std::vector<RefChange> changes =
      TRY(read_ref_changes({call.args.begin() + 1, call.args.end()}));
  const server::GitSettings settings = TRY(call.platform.store.read(
      [&](server::ReadTx& tx) { return server::git_settings(tx, app.id); }));
  const RefChange change = TRY(choose_deploy(changes, app.name.str(), settings.deploy_branch));
  std::vector<UniqueFd> descriptors = call.session.take_descriptors();
  if (descriptors.size() != 1) {
    return fail(Errc::invalid_argument, "git-hook is for git's own use");
  }
  record_event(call, app.name.str(), change.ref + " " + change.after);
  PrinterProgress progress(call);
  const server::Actor actor{call.who, "git-push", !has_push_option(call.session, "no-wait")};
  const Result<> pushed = call.platform.deploys->push(
      app, {std::move(descriptors[0]), change.after, change.ref}, actor, progress);
  if (pushed) return 0;
  if (call.session.cancel().cancelled()) {
    if (const auto status = try_again_after_upgrade(call, "what serves goes on")) return *status;
  }
  return Fail(pushed.error());
}

Command inner(std::string name, std::string arguments, std::string description, Handler run) {
  return {.name = std::move(name),
          .arguments = std::move(arguments),
          .description = std::move(description),
          .run = std::move(run),
          .grammar = Grammar::words,
          .hidden = true};
}

}  // namespace

void add_git_push_commands(Registry& registry) {
  registry.add(inner("git-receive-pack", "<new-app>", "Take a push, over ssh", receive_pack));
  for (Command fetch :
       {inner("git-upload-pack", "<app>", "Serve a fetch, over ssh", upload_pack),
        inner("git-upload-archive", "<app>", "Serve an archive, over ssh", upload_archive)}) {
    fetch.access = Access::reader;
    registry.add(std::move(fetch));
  }
  Command command = inner("git-hook", "<app> <old> <new> <ref>", "Deploy a push", hook);
  command.long_running = true;
  registry.add(std::move(command));
}

}  // namespace dokku::cli
