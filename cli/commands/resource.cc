// resource: what each process of an app may use, and what is kept for it.
#include <algorithm>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "server/model/formation.h"
#include "server/model/resources.h"
#include "server/store/properties.h"

namespace dokku::cli {
namespace {

using server::App;
using server::ResourceKind;
using Stored = std::map<std::string, std::string>;

constexpr const char* kClear = "clear";
constexpr const char* kBuild = "build";

bool limits(ResourceKind kind) { return kind == ResourceKind::limit; }

// What has an effect here; the others are refused instead of only being kept.
bool has_effect(ResourceKind kind, const std::string& resource, const std::string& type) {
  if (type == kBuild) return limits(kind) && resource == "memory";
  return resource == "memory" || resource == "cpu" || (limits(kind) && resource == "memory-swap");
}

Result<> check_amount(ResourceKind kind, const std::string& type, const std::string& resource,
                      const std::string& amount) {
  if (amount == kClear) return {};
  const std::string noun = limits(kind) ? "limit" : "reservation";
  if (!has_effect(kind, resource, type)) {
    return fail(Errc::invalid_argument, "A " + noun + " of " + resource +
                                            (type == kBuild ? " for builds" : "") +
                                            " is not there yet");
  }
  const bool fine = resource == "cpu" ? server::parse_cores(amount).has_value()
                                      : server::parse_memory(amount).has_value();
  if (fine) return {};
  return fail(Errc::invalid_argument,
              "Invalid " + resource + " " + noun + " specified\n" +
                  (resource == "cpu" ? "It is a number of cores: 2, 0.5"
                                     : "It is a number with b, k, m or g: 512m, 2g"));
}

// Empty: the defaults of all types.
Result<std::string> process_type(const Invocation& call) {
  const std::string text = call.options.text("process-type");
  if (text.empty() || text == "_default_") return std::string();
  const server::ProcessType type = TRY(server::ProcessType::parse(text));
  return type.str();
}

Result<Stored> stored(Invocation& call, const App& app) {
  return call.platform.store.read(
      [&](server::ReadTx& tx) { return server::properties(tx, app.id, "resource."); });
}

Result<int> show(Invocation& call, const App& app, ResourceKind kind, const std::string& type) {
  const Stored values = TRY(stored(call, app));
  call.print.info2_quiet(std::string("resource ") + (limits(kind) ? "limits " : "reservation ") +
                         app.name.str() + " information [" + (type.empty() ? "defaults" : type) +
                         "]");
  for (const char* resource : server::kResources) {
    const auto found = values.find(server::resource_property(type, kind, resource));
    call.print.verbose(std::string(resource) + ": " + (found == values.end() ? "" : found->second));
  }
  return 0;
}

Result<int> set(Invocation& call, ResourceKind kind) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const std::string type = TRY(process_type(call));
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const char* resource : server::kResources) {
    if (!call.options.has(resource)) continue;
    const std::string amount = call.options.text(resource);
    TRY(check_amount(kind, type, resource, amount));
    wanted.emplace_back(resource, amount);
  }
  if (wanted.empty()) return show(call, app, kind, type);
  const auto change = [&](server::WriteTx& tx) -> Result<> {
    for (const auto& [resource, amount] : wanted) {
      TRY(server::set_property(tx, app.id, server::resource_property(type, kind, resource),
                               amount == kClear ? std::nullopt : std::optional(amount)));
    }
    return {};
  };
  TRY(call.platform.store.write(change));
  call.print.info2(std::string("Setting resource ") + (limits(kind) ? "limits" : "reservation") +
                   " for " + app.name.str() + (type.empty() ? "" : " (" + type + ")"));
  for (const auto& [resource, amount] : wanted) {
    call.print.verbose(resource + ": " + (amount == kClear ? "cleared" : amount));
    record_event(call, app.name.str(), resource);
  }
  return 0;
}

// Without a type: those of every type.
Result<int> clear(Invocation& call, ResourceKind kind) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const std::string type = TRY(process_type(call));
  const Stored values = TRY(stored(call, app));
  const std::string part = limits(kind) ? ".limit." : ".reserve.";
  const std::string prefix = type.empty() ? "resource." : "resource." + type + ".";
  const auto change = [&](server::WriteTx& tx) -> Result<> {
    for (const auto& [name, value] : values) {
      if (name.find(part) == std::string::npos || !name.starts_with(prefix)) continue;
      TRY(server::set_property(tx, app.id, name, std::nullopt));
    }
    return {};
  };
  TRY(call.platform.store.write(change));
  call.print.info2("clearing " + app.name.str() + (type.empty() ? "" : " (" + type + ")") +
                   (limits(kind) ? " limits" : " reservation"));
  record_event(call, app.name.str(), type);
  return 0;
}

// A row for each that is set, as in Dokku.
Result<ReportValues> values(Invocation& call, const App& app) {
  const Stored all = TRY(stored(call, app));
  ReportValues out;
  for (const auto& [name, value] : all) {
    out["resource-" + name.substr(name.find('.') + 1)] = value;
  }
  return out;
}

Command command(std::string name, std::string arguments, std::string description, Handler run) {
  return {.name = std::move(name),
          .arguments = std::move(arguments),
          .description = std::move(description),
          .run = std::move(run)};
}

}  // namespace

void add_resource_commands(Registry& registry) {
  const Flag type{"process-type", 0, Flag::Kind::text, "of this type alone; build: of builds"};
  std::vector<Flag> flags = {type};
  const std::map<std::string, std::string> words = {
      {"cpu", "cores of each process: 2, 0.5"},
      {"memory", "memory of each process: 512m, 2g; without a unit megabytes"},
      {"memory-swap", "memory and swap together"}};
  for (const char* resource : server::kResources) {
    const auto found = words.find(resource);
    const char letter = std::string_view(resource) == "memory" ? 'm' : '\0';
    flags.push_back({resource, letter, Flag::Kind::text,
                     found == words.end() ? "not there yet" : found->second});
  }
  const std::string amounts =
      "[--process-type <type>] [--cpu <n>] [--memory <amount>] [--memory-swap <amount>] <app>";
  registry.add_topic({"resource", "Manage resource settings for an app"});
  Command limit =
      command("resource:limit", amounts, "Limit what each process may use, from its next start on",
              [](Invocation& call) { return set(call, ResourceKind::limit); });
  Command reserve = command("resource:reserve", amounts,
                            "Keep memory and cpu for each process, from its next start on",
                            [](Invocation& call) { return set(call, ResourceKind::reserve); });
  limit.flags = flags;
  reserve.flags = flags;
  registry.add(std::move(limit));
  registry.add(std::move(reserve));
  Command limit_clear = command("resource:limit-clear", "[--process-type <type>] <app>",
                                "Forget the limits of an app, or of one process type",
                                [](Invocation& call) { return clear(call, ResourceKind::limit); });
  Command reserve_clear =
      command("resource:reserve-clear", "[--process-type <type>] <app>",
              "Forget the reservations of an app, or of one process type",
              [](Invocation& call) { return clear(call, ResourceKind::reserve); });
  limit_clear.flags = {type};
  reserve_clear.flags = {type};
  registry.add(std::move(limit_clear));
  registry.add(std::move(reserve_clear));
  registry.add(report_command("resource:report",
                              {.title = "resource", .key_prefix = "resource-", .of_app = values},
                              "Displays a resource report for one or more apps"));
}

}  // namespace dokku::cli
