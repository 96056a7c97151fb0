// app-json: where an app's app.json lies in its repository. What it says is
// server/model/app_json.h.
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

// server/deploy/build.cc reads it.
const PropertyTable& table() {
  static const PropertyTable kTable{
      .topic = "app-json",
      .properties = {
          {.name = "appjson-path", .fallback = "app.json", .parse = path_in_the_repository()}}};
  return kTable;
}

}  // namespace

void add_app_json_commands(Registry& registry) {
  registry.add_topic({"app-json", "Manage app-json settings for an app"});
  registry.add(report_command(
      "app-json:report", {.title = "app-json", .key_prefix = "app-json-", .properties = &table()},
      "Display an app-json report for one or more apps"));
  registry.add(set_command(table(), "Set or clear an app-json property for an app"));
}

}  // namespace dokku::cli
