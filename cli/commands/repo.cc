// repo: an app's git repository on the server, and the build cache, by Dokku's names.
#include "base/disk.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/git_history.h"
#include "server/platform/repository.h"

namespace dokku::cli {
namespace {

using server::App;

Result<int> gc(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const auto repository = server::repository_path(call.platform.instance, app.name);
  std::error_code ignored;
  if (!std::filesystem::exists(repository, ignored)) {
    call.print.info1("Nothing was pushed to " + app.name.str() + " yet");
    return 0;
  }
  call.print.info1("Packing the repository of " + app.name.str());
  const std::uint64_t freed = TRY(server::pack_repository(repository));
  call.print.verbose(byte_words(freed) + " freed");
  record_event(call, app.name.str(), byte_words(freed) + " freed");
  return 0;
}

Result<int> purge_cache(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  call.print.info1("Emptying the build cache of " + app.name.str());
  const server::Freed freed = TRY(call.platform.disk.clean_up({.app = app, .caches = true}));
  call.print.verbose(byte_words(freed.caches) + " freed; the next build takes longer");
  record_event(call, app.name.str(), byte_words(freed.caches) + " freed");
  return 0;
}

Command command(const std::string& name, std::string description, Handler run) {
  return {.name = name,
          .arguments = "<app>",
          .description = std::move(description),
          .run = std::move(run),
          .examples = {name + " blog"},
          .long_running = true};
}

}  // namespace

void add_repo_commands(Registry& registry) {
  registry.add_topic({"repo", "Manage the app's repo"});
  registry.add(command("repo:gc", "Run git gc in the repository of an app", gc));
  registry.add(command("repo:purge-cache", "Empty the build cache of an app", purge_cache));
}

}  // namespace dokku::cli
