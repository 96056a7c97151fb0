#include <algorithm>
#include <charconv>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/commands/ways.h"
#include "server/platform/routing.h"

namespace dokku::cli {
namespace {

using server::App;
using server::PortMap;

Result<std::vector<PortMap>> maps_in(const Invocation& call) {
  if (call.args.size() < 2) return fail(Errc::invalid_argument, "No port mapping specified");
  std::vector<PortMap> maps;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    const PortMap map = TRY(PortMap::parse(call.args[i]));
    maps.push_back(map);
  }
  return maps;
}

// A port that cannot be had (another program listens there) must not stand in the way of the app's
// next deploy: what was set before is set again.
Result<int> changed(Invocation& call, const App& app, const server::PortsSeen& before,
                    const std::string& detail) {
  record_event(call, app.name.str(), detail);
  Result<> followed = follow_ways(call, app);
  if (followed) return 0;
  TRY(call.platform.ports.set(app, before.set));
  [[maybe_unused]] const Result<> back = follow_ways(call, app);
  const std::string& why = followed.error().message();
  return fail(followed.error().code(),
              why + "\nThe ports of " + app.name.str() + " stay as they were");
}

Result<int> list(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const server::PortsSeen seen = TRY(call.platform.ports.seen(app));
  if (seen.set.empty()) {
    return fail(Errc::conflict, "No port mappings configured for app");
  }
  call.print.info1_quiet("Port mappings for " + app.name.str());
  std::vector<std::vector<std::string>> rows;
  if (!call.print.quiet()) rows.push_back({"-----> scheme", "host port", "container port"});
  for (const PortMap& map : seen.set) {
    rows.push_back({std::string(name_of(map.scheme)), std::to_string(map.host),
                    std::to_string(map.container)});
  }
  for (const std::string& row : table(rows)) call.print.line("    " + row);
  return 0;
}

// The first map of one's own replaces the detected ones, as in Dokku: nobody shall be surprised.
void warn_of_replaced(Invocation& call, const App& app, const server::PortsSeen& before,
                      const std::vector<PortMap>& added) {
  if (!before.set.empty()) return;
  std::string lost;
  for (const PortMap& map : before.detected) {
    const bool kept = std::any_of(added.begin(), added.end(),
                                  [&](const PortMap& each) { return each.host == map.host; });
    if (!kept) lost += (lost.empty() ? "" : " ") + map.text();
  }
  if (lost.empty()) return;
  call.print.warn("These maps replace the detected ones: " + lost +
                  "\nTo keep those too: dokku ports:add " + app.name.str() + " " + lost);
}

// Without a certificate there is no TLS: such a map waits, and its owner shall know for what.
Result<> warn_of_missing_certificate(Invocation& call, const App& app,
                                     const std::vector<PortMap>& maps) {
  std::string waiting;
  for (const PortMap& map : maps) {
    if (needs_certificate(map.scheme)) waiting += (waiting.empty() ? "" : " ") + map.text();
  }
  if (waiting.empty()) return {};
  const auto read = [&](server::ReadTx& tx) { return server::route_spec(tx, app); };
  const server::RouteSpec spec = TRY(call.platform.store.read(read));
  if (spec.certificate.empty()) {
    call.print.warn("Served once the app has a certificate: " + waiting +
                    "\nTo give it one: dokku certs:add " + app.name.str());
  }
  return {};
}

Result<int> add(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const std::vector<PortMap> maps = TRY(maps_in(call));
  const server::PortsSeen before = TRY(call.platform.ports.seen(app));
  TRY(call.platform.ports.add(app, maps));
  warn_of_replaced(call, app, before, maps);
  TRY(warn_of_missing_certificate(call, app, maps));
  return changed(call, app, before, port_maps_text(maps));
}

Result<int> set(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const std::vector<PortMap> maps = TRY(maps_in(call));
  const server::PortsSeen before = TRY(call.platform.ports.seen(app));
  TRY(call.platform.ports.set(app, maps));
  TRY(warn_of_missing_certificate(call, app, maps));
  return changed(call, app, before, port_maps_text(maps));
}

// Maps, or ports of the host alone.
Result<int> remove(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  if (call.args.size() < 2) return fail(Errc::invalid_argument, "No port mapping specified");
  std::vector<PortMap> maps;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    const std::string& word = call.args[i];
    std::uint16_t port = 0;
    const char* end = word.data() + word.size();
    const auto [stopped, error] = std::from_chars(word.data(), end, port);
    if (error == std::errc() && stopped == end && port > 0) {
      ports.push_back(port);
      continue;
    }
    const PortMap map = TRY(PortMap::parse(word));
    maps.push_back(map);
  }
  const server::PortsSeen before = TRY(call.platform.ports.seen(app));
  TRY(call.platform.ports.remove(app, maps, ports));
  return changed(call, app, before, port_maps_text(maps));
}

Result<int> clear(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const server::PortsSeen before = TRY(call.platform.ports.seen(app));
  TRY(call.platform.ports.clear(app));
  return changed(call, app, before, "");
}

std::string as_json(const std::vector<PortMap>& maps) {
  std::string rows;  // ports are numbers, as in Dokku
  for (const PortMap& map : maps) {
    rows += std::string(rows.empty() ? "" : ",") + R"({"container_port":)" +
            std::to_string(map.container) + R"(,"host_port":)" + std::to_string(map.host) +
            R"(,"scheme":")" + std::string(name_of(map.scheme)) + "\"}";
  }
  return "[" + rows + "]";
}

Result<ReportValues> values(Invocation& call, const App& app) {
  server::PortsSeen seen = TRY(call.platform.ports.seen(app));
  std::sort(seen.set.begin(), seen.set.end());
  return ReportValues{{"ports-map", port_maps_text(seen.set)},
                      {"ports-map-detected", port_maps_text(seen.detected)},
                      {"ports-map-json", as_json(seen.set)},
                      {"ports-map-detected-json", as_json(seen.detected)}};
}

}  // namespace

void add_ports_commands(Registry& registry) {
  const std::string maps = "<app> <scheme>:<host-port>:<container-port> [...]";
  registry.add_topic({"ports", "Manage ports for an app"});
  registry.add({.name = "ports:add",
                .arguments = maps,
                .description = "Add port mappings to an app",
                .run = add,
                .aliases = {"proxy:ports-add"}});
  registry.add({.name = "ports:clear",
                .arguments = "<app>",
                .description = "Clear all port mappings for an app",
                .run = clear,
                .aliases = {"proxy:ports-clear"}});
  registry.add({.name = "ports:list",
                .arguments = "<app>",
                .description = "List port mappings for an app",
                .access = Access::reader,
                .run = list,
                .aliases = {"proxy:ports"}});
  registry.add({.name = "ports:remove",
                .arguments = "<app> <host-port>|<scheme>:<host-port>:<container-port> [...]",
                .description = "Remove specific port mappings from an app",
                .run = remove,
                .aliases = {"proxy:ports-remove"}});
  registry.add(report_command("ports:report",
                              {.title = "ports", .key_prefix = "ports-", .of_app = values},
                              "Displays a ports report for one or more apps"));
  registry.add({.name = "ports:set",
                .arguments = maps,
                .description = "Set port mappings for an app",
                .run = set,
                .aliases = {"proxy:ports-set"}});
}

}  // namespace dokku::cli
