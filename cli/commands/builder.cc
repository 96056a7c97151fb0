// builder: what turns a pushed tree into an image. Buildpacks do (Dokku calls that herokuish).
#include <array>

#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

// server/deploy/packs.h acts on it.
Result<std::string> known_builder(const std::string& typed) {
  static constexpr std::array<std::string_view, 5> kLater{"dockerfile", "pack", "lambda",
                                                          "nixpacks", "railpack"};
  if (typed == "herokuish" || typed == "null") return typed;
  for (const std::string_view name : kLater) {
    if (typed == name) {
      return fail(Errc::invalid_argument, "The builder " + typed + " is not there yet");
    }
  }
  return fail(Errc::invalid_argument, "Expected: herokuish (buildpacks) or null");
}

// "web/" is "web".
Result<std::string> folder_in_the_repository(const std::string& typed) {
  static const PropertyParser kPath = path_in_the_repository();
  return kPath(typed.substr(0, typed.find_last_not_of('/') + 1));
}

Result<std::string> nothing_to_skip(const std::string&) {
  return fail(Errc::invalid_argument, "A build leaves nothing to clean up");
}

const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "builder",
      .properties = {{.name = "build-dir", .parse = folder_in_the_repository},
                     {.name = "selected", .parse = known_builder},
                     {.name = "skip-cleanup", .parse = nothing_to_skip, .hidden = true}}};
  return kTable;
}

// Dokku's way to keep packs off an app that is meant to be built otherwise.
const PropertyTable& packs_table() {
  static const PropertyTable kTable{
      .topic = "builder-herokuish",
      .properties = {{.name = "allowed", .fallback = "true", .parse = true_or_false()}}};
  return kTable;
}

Result<ReportValues> report_values(Invocation& call, const server::App& app) {
  const bool deployed = TRY(call.platform.apps.deployed(app));
  return ReportValues{{"builder-detected", deployed ? "herokuish" : ""}};
}

}  // namespace

void add_builder_commands(Registry& registry) {
  registry.add_topic({"builder", "Manage the builder of an app"});
  registry.add(report_command("builder:report",
                              {.title = "builder",
                               .key_prefix = "builder-",
                               .of_app = report_values,
                               .properties = &table()},
                              "Display a builder report for one or more apps"));
  registry.add(set_command(table(), "Set or clear a builder property for an app"));
  registry.add_topic(
      {"builder-herokuish", "Manage the herokuish builder: whether packs may build"});
  registry.add(report_command("builder-herokuish:report",
                              {.title = "builder-herokuish",
                               .key_prefix = "builder-herokuish-",
                               .properties = &packs_table()},
                              "Display a builder-herokuish report for one or more apps"));
  registry.add(set_command(packs_table(), "Set or clear a builder-herokuish property"));
}

}  // namespace dokku::cli
