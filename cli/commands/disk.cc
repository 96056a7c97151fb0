// disk, cleanup: what uses the server's disk, how much of it is for whom, and what may go.
#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "cli/output/report.h"

namespace dokku::cli {
namespace {

using server::App;
using server::AppDiskUse;
using server::DiskPlace;
using server::DiskReport;

// --- disk:set

PropertyTable make_table() {
  const auto floor = [](const std::string& typed) -> Result<std::string> {
    if (server::parse_floor(typed)) return typed;
    return fail(Errc::invalid_argument, "It is a size (2g) or a share of the disk (10%)");
  };
  const auto budget = [](const std::string& typed) -> Result<std::string> {
    if (server::parse_budget(typed)) return typed;
    return fail(Errc::invalid_argument, "It is a size (20g) or unlimited");
  };
  return {.topic = "disk",
          .properties = {{.name = "budget",
                          .fallback = "unlimited",
                          .parse = budget,
                          .scope = Property::Scope::global},
                         {.name = "floor",
                          .fallback = "10%, at most 1g",
                          .parse = floor,
                          .scope = Property::Scope::global},
                         {.name = "keep-git-history",
                          .fallback = "false",
                          .parse = true_or_false(),
                          .scope = Property::Scope::global},
                         {.name = "releases-kept",
                          .fallback = server::kReleasesKeptDefault,
                          .parse = number_between(1, 100)}}};
}

const PropertyTable& table() {
  static const PropertyTable kTable = make_table();
  return kTable;
}

// --- disk:report

// People read words, programs bytes.
class Sizes {
 public:
  explicit Sizes(bool words) : words_(words) {}
  std::string operator()(std::uint64_t bytes) const {
    return words_ ? byte_words(bytes) : std::to_string(bytes);
  }

 private:
  bool words_;
};

ReportValues values_of(const AppDiskUse& use, const Sizes& size) {
  return {{"disk-cache", size(use.cache)},
          {"disk-images", size(use.images_own)},
          {"disk-images-shared", size(use.images_shared)},
          {"disk-logs", size(use.logs)},
          {"disk-repository", size(use.repository)},
          {"disk-sources", size(use.sources)},
          {"disk-total", size(use.own())},
          {"disk-volumes", size(use.volumes)}};
}

ReportValues values_of_server(const DiskReport& report, const Sizes& size) {
  const server::ServerDiskUse& use = report.use.server;
  ReportValues values{
      {"disk-builds", size(use.builds)},         {"disk-caches", size(use.caches)},
      {"disk-containers", size(use.containers)}, {"disk-database", size(use.database)},
      {"disk-images", size(use.images)},         {"disk-logs", size(use.logs)},
      {"disk-packs", size(use.packs)},           {"disk-repositories", size(use.repositories)},
      {"disk-sources", size(use.sources)},       {"disk-used", size(use.budgeted())},
      {"disk-volumes", size(use.volumes)}};
  for (const DiskPlace& place : report.places) {
    const bool images = &place != &report.places.front();  // on a file system of their own
    const std::string prefix = images ? "disk-images-" : "disk-";
    values[prefix + "free"] = size(place.space.free_bytes);
    values[prefix + "size"] = size(place.space.all_bytes);
    values[prefix + "floor-computed"] = size(place.floor_bytes);
  }
  return values;
}

Result<> add_settings(Invocation& call, const App* app, ReportValues& values) {
  return add_property_rows(call, table(), "disk-", app, values);
}

Result<> report_one(Invocation& call, const App* app, const std::string& format) {
  const Sizes size(format != "json");
  const std::vector<App> apps = app == nullptr ? std::vector<App>() : std::vector<App>{*app};
  const DiskReport report = TRY(call.platform.disk.report(apps));
  ReportValues values =
      app == nullptr ? values_of_server(report, size) : values_of(report.use.apps.front(), size);
  TRY(add_settings(call, app, values));
  ReportRequest request;
  request.title_topic = "disk";
  request.key_prefix = "disk-";
  request.subject = app == nullptr ? "--global" : app->name.str();
  request.format = format;
  return print_report(call.print, request, values);
}

void print_apps(Printer& print, const std::vector<AppDiskUse>& apps) {
  std::vector<std::vector<std::string>> rows{
      {"App", "Total", "Images", "Shared", "Cache", "Sources", "Git", "Logs", "Volumes"}};
  for (const AppDiskUse& use : apps) {
    rows.push_back({use.app, byte_words(use.own()), byte_words(use.images_own),
                    byte_words(use.images_shared), byte_words(use.cache), byte_words(use.sources),
                    byte_words(use.repository), byte_words(use.logs), byte_words(use.volumes)});
  }
  print.line("");
  print.table(rows);
}

// A list for programs: the server, named as in the commands, then each app.
std::string as_list(const DiskReport& report) {
  constexpr std::size_t kPrefix = 5;  // "disk-"
  std::vector<std::map<std::string, std::string>> rows;
  const auto add = [&](const std::string& name, const ReportValues& values) {
    std::map<std::string, std::string> row{{"name", name}};
    for (const auto& [key, value] : values) row.emplace(key.substr(kPrefix), value);
    rows.push_back(std::move(row));
  };
  const Sizes size(false);
  add("--global", values_of_server(report, size));
  for (const AppDiskUse& use : report.use.apps) add(use.app, values_of(use, size));
  return json_objects(rows);
}

Result<> report_all(Invocation& call, const std::string& format) {
  const std::vector<App> apps = TRY(call.platform.apps.list());
  const DiskReport report = TRY(call.platform.disk.report(apps));
  if (format == "json") {
    call.print.line(as_list(report));
    return {};
  }
  ReportValues values = values_of_server(report, Sizes(true));
  TRY(add_settings(call, nullptr, values));
  ReportRequest request;
  request.title_topic = "disk";
  request.subject = "--global";
  TRY(print_report(call.print, request, values));
  if (!apps.empty()) print_apps(call.print, report.use.apps);
  return {};
}

Result<int> report(Invocation& call) {
  const std::string format = call.options.text("format", "stdout");
  if (format != "stdout" && format != "json") {
    return fail(Errc::invalid_argument, "Invalid format specified, valid formats: stdout, json");
  }
  TRY(at_most(call, call.options.has("global") ? 0 : 1));
  if (call.options.has("global")) {
    TRY(report_one(call, nullptr, format));
  } else if (call.args.empty()) {
    TRY(report_all(call, format));
  } else {
    const App app = TRY(app_argument(call, 0, Missing::go));
    TRY(report_one(call, &app, format));
  }
  return 0;
}

// --- cleanup

Result<int> cleanup(Invocation& call) {
  TRY(at_most(call, 1));
  server::Cleaning how;
  if (!call.args.empty()) how.app = TRY(app_argument(call, 0, Missing::go));
  how.caches = call.options.has("caches");
  how.history = call.options.has("history");
  call.print.info1("Cleaning up...");
  const server::Freed freed = TRY(call.platform.disk.clean_up(how));
  const std::pair<const char*, std::uint64_t> parts[] = {{"images", freed.images},
                                                         {"build caches", freed.caches},
                                                         {"sources", freed.sources},
                                                         {"logs", freed.logs},
                                                         {"repositories", freed.repositories}};
  for (const auto& [name, bytes] : parts) {
    if (bytes > 0) call.print.verbose(std::string(name) + " " + byte_words(bytes));
  }
  const DiskReport now = TRY(call.platform.disk.report({}));
  const DiskPlace& place = now.places.front();
  call.print.info1(byte_words(freed.all()) + " freed; " + byte_words(place.space.free_bytes) +
                   " are free, builds begin above " + byte_words(place.floor_bytes));
  record_event(call, how.app ? how.app->name.str() : "", byte_words(freed.all()) + " freed");
  return 0;
}

}  // namespace

void add_disk_commands(Registry& registry) {
  registry.add_topic({"disk", "What uses the disk"});
  registry.add({.name = "disk:report",
                .arguments = "[--global] [--format stdout|json] [<app>]",
                .description = "Show what uses the disk, app by app",
                .access = Access::reader,
                .run = report,
                .flags = {{"global", 0, Flag::Kind::boolean, "of the server alone"},
                          {"format", 0, Flag::Kind::text, "stdout or json"}},
                .examples = {"disk:report", "disk:report blog --format json"}});
  registry.add(set_command(table(), "Set or clear a disk property for an app"));
  registry.add(
      {.name = "cleanup",
       .arguments = "[--caches] [--history] [<app>]",
       .description = "Remove images and files that nothing needs",
       .run = cleanup,
       .flags = {{"caches", 0, Flag::Kind::boolean,
                  "build caches too; the next builds take longer"},
                 {"history", 0, Flag::Kind::boolean, "what git keeps of earlier pushes, too"}},
       .long_running = true});
}

}  // namespace dokku::cli
