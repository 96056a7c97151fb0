// PropertyTable: what `TOPIC:set APP|--global PROPERTY [VALUE]` may set and what `TOPIC:report`
// shows of it, declared by a topic in a few lines:
//
//   const PropertyTable& table() {
//     static const PropertyTable kTable{.topic = "ps", .properties = {
//         {.name = "stop-timeout-seconds", .fallback = "30", .parse = number_between(1, 86400)},
//         {.name = "restart-policy", .fallback = "on-failure:10", .parse = restart_policy,
//          .scope = Property::Scope::app}}};
//     return kTable;
//   }
//   registry.add(set_command(table(), "Set or clear a ps property for an app"));
//   registry.add(report_command("ps:report", {.title = "ps", .key_prefix = "ps-", .of_app = values,
//                                             .properties = &table()}, "Displays a report"));
//
// Values are kept in the store's properties as "<topic>.<property>"; code that acts on them reads
// them there (server/store/properties.h, computed_property). Lines and statuses are those of
// docs/commands.md. Tables live as long as the program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/commands/arguments.h"
#include "cli/output/report.h"

namespace dokku::cli {

// For whom something is set: an app, or --global (app null).
struct PropertyTarget {
  const server::App* app = nullptr;
  server::AppId id = server::AppId::global;
  std::string name = "--global";
};

// What is stored for what was typed (never empty), or invalid_argument: a second line to print
// below "Invalid PROPERTY specified"; may be empty.
using PropertyParser = std::function<Result<std::string>(const std::string& typed)>;
// After the commit. An error is printed and is status 1; the value stays.
using PropertyEffect = std::function<Result<>(Invocation&, const PropertyTarget&)>;

PropertyParser any_text();       // printable, at most 4096 bytes
PropertyParser true_or_false();  // "true", "false"
PropertyParser number_between(long least, long most);
PropertyParser one_of(std::vector<std::string> words);
PropertyParser path_in_the_repository();  // "./a//b" is "a/b"

struct Property {
  enum class Scope { both, app, global };
  std::string name;           // "stop-timeout-seconds"
  std::string fallback = "";  // what counts when neither the app nor --global has one
  PropertyParser parse = any_text();
  Scope scope = Scope::both;
  // `:set APP x ""` stores the empty text instead of removing what is set (git's rev-env-var).
  bool keeps_empty = false;
  PropertyEffect effect = {};
  bool hidden = false;  // settable, but neither reported nor named among the valid ones (old names)
};

struct PropertyTable {
  std::string topic;  // "ps"
  // Dokku's topics in Go say "property", those in bash "key", and miss apps differently.
  Missing wording = Missing::go;
  std::vector<Property> properties = {};
};

// `TOPIC:set`, whole.
Command set_command(const PropertyTable& table, std::string description);
// The same as a handler's body, for a topic that looks at its words first.
Result<int> run_set(Invocation& call, const PropertyTable& table);

// Rows "<prefix>x" (set for the app, or empty), "<prefix>global-x" (set for all, or empty),
// "<prefix>computed-x" (what counts); without an app or for one that is global only: the last two.
// One that is for apps only: the first and the last.
Result<> add_property_rows(Invocation& call, const PropertyTable& table, const std::string& prefix,
                           const server::App* app, ReportValues& values);

}  // namespace dokku::cli
