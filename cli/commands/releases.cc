// releases: what of an app can run, and the way back to it. Beyond Dokku; the words are Heroku's.
#include "cli/commands/arguments.h"
#include "cli/commands/facts.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/times.h"
#include "server/deploy/rollback.h"

namespace dokku::cli {
namespace {

using server::App;
using server::Release;

constexpr std::size_t kRevisionShown = 8;
constexpr long kShown = 20;

using Values = std::map<std::string, std::string>;

std::string types_of(const Release& release) {
  std::string types;
  for (const auto& [type, command] : release.processes) types += (types.empty() ? "" : " ") + type;
  return types;
}

Values values_of(const Release& release) {
  return {{"number", std::to_string(release.number)},
          {"state", std::string(server::name_of(release.state))},
          {"image", release.image_ref},
          {"image-digest", release.image_digest},
          {"revision", release.revision},
          {"git-ref", release.git_ref},
          {"pack", release.pack},
          {"processes", types_of(release)},
          {"config-version", std::to_string(release.config.app)},
          {"by", release.by},
          {"why", release.why},
          {"created-at", iso_time(release.created_at)}};
}

Result<server::Deploys*> engine(const Invocation& call) {
  if (call.platform.deploys == nullptr) return fail(Errc::internal, "there is no deploy engine");
  return call.platform.deploys;
}

// "v12" as on Heroku, or 12.
Result<std::optional<std::uint64_t>> which_release(Invocation& call) {
  TRY(at_most(call, 2));
  if (call.args.size() == 2 && call.args[1].starts_with('v')) call.args[1].erase(0, 1);
  return number_argument(call, 1, "release");
}

Result<int> list(Invocation& call) {
  TRY(at_most(call, 1));
  const bool json = TRY(asks_for_json(call));
  const App app = TRY(app_argument(call, 0, Missing::go));
  const long most = call.options.number("num", kShown);
  server::Deploys* const deploys = TRY(engine(call));
  std::vector<Release> releases = TRY(deploys->releases(app));
  if (most >= 0 && releases.size() > static_cast<std::size_t>(most)) {
    releases.resize(static_cast<std::size_t>(most));
  }
  if (json) {
    std::vector<Values> objects;
    for (const Release& release : releases) objects.push_back(values_of(release));
    call.print.line(json_objects(objects));
    return 0;
  }
  if (releases.empty()) {
    call.print.warn("App " + app.name.str() + " has not been deployed");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"Release", "State", "Commit", "Config", "By", "Why", "When"}};
  const WallTime now = call.platform.clock.wall();
  for (const Release& release : releases) {
    rows.push_back({std::to_string(release.number), std::string(server::name_of(release.state)),
                    release.revision.substr(0, kRevisionShown), std::to_string(release.config.app),
                    release.by, release.why, call.print.time(release.created_at, now)});
  }
  call.print.table(rows);
  return 0;
}

Result<int> info(Invocation& call) {
  const bool json = TRY(asks_for_json(call));
  const App app = TRY(app_argument(call, 0, Missing::go));
  const auto number = TRY(which_release(call));
  server::Deploys* const deploys = TRY(engine(call));
  const std::vector<Release> releases = TRY(deploys->releases(app));
  const Release release = TRY(server::choose_release(app, releases, number));
  return print_facts(call, "release", app.name.str(), values_of(release), json);
}

Result<int> rollback(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const auto number = TRY(which_release(call));
  server::Deploys* const deploys = TRY(engine(call));
  PrinterProgress progress(call);
  TRY(deploys->rollback(app, number, {call.who, call.command}, progress));
  record_event(call, app.name.str(), number ? std::to_string(*number) : "");
  return 0;
}

}  // namespace

void add_releases_commands(Registry& registry) {
  const Flag format{"format", 0, Flag::Kind::text, "stdout or json"};
  registry.add_topic({"releases", "See what an app can go back to, and go back"});
  registry.add({.name = "releases:info",
                .arguments = "[--format stdout|json] <app> [<release>]",
                .description = "Show one release of an app, the live one without a number",
                .access = Access::reader,
                .run = info,
                .flags = {format},
                .examples = {"releases:info blog", "releases:info blog 12"}});
  registry.add({.name = "releases:list",
                .arguments = "[--num N] [--format stdout|json] <app>",
                .description = "List the releases of an app that are kept",
                .access = Access::reader,
                .run = list,
                .flags = {format, {"num", 'n', Flag::Kind::number, "how many, 20 by default"}},
                .aliases = {"releases"},
                .examples = {"releases:list blog"}});
  registry.add({.name = "releases:rollback",
                .arguments = "<app> [<release>]",
                .description = "Bring back image and config of an earlier release, at once",
                .run = rollback,
                .aliases = {"rollback"},
                .examples = {"releases:rollback blog", "releases:rollback blog 12"},
                .long_running = true});
}

}  // namespace dokku::cli
