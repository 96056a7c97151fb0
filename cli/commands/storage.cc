// storage: folders of the host that an app's processes see, and that outlive them.
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/output/json.h"
#include "server/deploy/wanted.h"
#include "server/model/volume.h"
#include "server/store/properties.h"
#include "server/supervise/volumes.h"

namespace dokku::cli {
namespace {

using server::App;
using server::StorageName;
using server::Volume;

constexpr std::size_t kVolumesMax = 100;

// --- folders

// Nothing: the owner stays as it is.
Result<std::optional<runtime::User>> owner_for(const std::string& chown) {
  const std::pair<const char*, uid_t> known[] = {
      {"herokuish", 32767}, {"heroku", 1000}, {"paketo", 2000}, {"packeto", 2000}, {"root", 0}};
  for (const auto& [name, uid] : known) {
    if (chown == name) return std::optional<runtime::User>({uid, uid});
  }
  if (chown == "false") return std::optional<runtime::User>();
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(chown.data(), chown.data() + chown.size(), uid);
  if (error != std::errc() || end != chown.data() + chown.size()) {
    return fail(Errc::invalid_argument, "Unsupported chown permissions");
  }
  return std::optional<runtime::User>({uid, uid});
}

// A link in its place is none.
bool is_folder(const std::filesystem::path& path) {
  struct stat seen {};
  return ::lstat(path.c_str(), &seen) == 0 && S_ISDIR(seen.st_mode);
}

Result<int> ensure_directory(Invocation& call) {
  if (call.args.empty() || call.args[0].empty()) {
    return fail(Errc::invalid_argument, "Please specify a directory to create");
  }
  TRY(at_most(call, 1));
  const StorageName name = TRY(StorageName::parse(call.args[0]));
  const auto owner = TRY(owner_for(call.options.text("chown", "herokuish")));
  const auto dir = call.platform.instance.storage_dir();
  call.print.info1("Ensuring " + (dir / name.str()).string() + " exists");
  TRY(server::ensure_storage_folder(dir, name.str(), owner));
  if (owner) {
    call.print.verbose("Setting directory ownership to " + std::to_string(owner->uid) + ":" +
                       std::to_string(owner->gid));
  }
  call.print.verbose("Directory ready for mounting");
  record_event(call, "", name.str());
  return 0;
}

// 0.38's entries: here each is a folder of the storage directory, and nothing is kept of it
// besides.
Result<int> create(Invocation& call) {
  if (call.args.empty() || call.args[0].empty()) {
    return fail(Errc::invalid_argument, "Please specify a name for the storage entry");
  }
  if (call.args.size() > 1 || call.options.has("mode")) {
    return fail(Errc::invalid_argument,
                "A path or mode of one's own is not there yet: entries lie in " +
                    call.platform.instance.storage_dir().string() + "/NAME");
  }
  const StorageName name = TRY(StorageName::parse(call.args[0]));
  const auto owner = TRY(owner_for(call.options.text("chown", "herokuish")));
  const auto dir = call.platform.instance.storage_dir();
  const bool was_there = is_folder(dir / name.str());
  TRY(server::ensure_storage_folder(dir, name.str(), owner));
  call.print.info1("Storage entry " + name.str() + (was_there ? " is there" : " created"));
  record_event(call, "", name.str());
  return 0;
}

Result<int> list_entries(Invocation& call) {
  TRY(at_most(call, 0));
  std::set<std::string> names;
  std::error_code missing;  // no folder yet: no entries
  for (const auto& each :
       std::filesystem::directory_iterator(call.platform.instance.storage_dir(), missing)) {
    const std::string name = each.path().filename().string();
    if (StorageName::parse(name) && is_folder(each.path())) names.insert(name);
  }
  call.print.info2_quiet("Storage entries");
  for (const std::string& name : names) call.print.line(name);
  return 0;
}

Result<int> exists(Invocation& call) {
  if (call.args.empty()) return fail(Errc::invalid_argument, "Please specify a directory");
  TRY(at_most(call, 1));
  const StorageName name = TRY(StorageName::parse(call.args[0]));
  if (is_folder(call.platform.instance.storage_dir() / name.str())) return 0;
  return fail(Errc::invalid_argument, "Storage directory " + name.str() + " does not exist\n" +
                                          "Make it: dokku storage:ensure-directory " + name.str());
}

// --- mounts

Result<std::vector<Volume>> volumes_of(Invocation& call, const App& app) {
  const auto lines = TRY(call.platform.store.read(
      [&](server::ReadTx& tx) { return server::property(tx, app.id, server::kStorageMounts); }));
  return server::parse_volumes(lines.value_or(""));
}

// What a key may reach of the host are the storage folders: whoever could mount /etc would be root.
Result<> check_reach(const Invocation& call, const Volume& volume) {
  const auto dir = call.platform.instance.storage_dir();
  const bool on_the_server = call.session.caller().kind == Caller::Kind::admin;
  if (on_the_server || !server::storage_folder(volume, dir).empty()) return {};
  return fail(Errc::permission_denied, "Only root may mount " + server::printable(volume.host) +
                                           ": type it on the server\nA key may mount what is in " +
                                           dir.string() + "/NAME");
}

// "HOST:CONTAINER", or 0.38's NAME --container-dir CONTAINER.
Result<std::string> volume_word(const Invocation& call) {
  for (const char* flag : {"phase", "process-type", "volume-subpath", "volume-chown"}) {
    if (!call.options.has(flag)) continue;
    return fail(Errc::invalid_argument,
                std::string("--") + flag + " is not there yet: all processes see the whole entry");
  }
  const std::string place = call.options.text("container-dir");
  if (!place.empty() && call.args.size() == 2) {
    const StorageName name = TRY(StorageName::parse(call.args[1]));
    const bool read_only = call.options.has("volume-readonly");
    return name.str() + ":" + place + (read_only ? ":ro" : "");
  }
  if (call.args.size() == 2) return call.args[1];
  return fail(Errc::invalid_argument, "Storage path must be two valid paths divided by colon.");
}

Result<int> mount(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  const std::string word = TRY(volume_word(call));
  Volume volume = TRY(Volume::parse(word));
  TRY(check_reach(call, volume));
  const auto dir = call.platform.instance.storage_dir();
  const std::string folder = server::storage_folder(volume, dir);
  if (!folder.empty()) TRY(server::ensure_volumes({{folder, volume.container, true}}, dir));
  const auto change = [&](server::WriteTx& tx) -> Result<> {
    const auto lines = TRY(server::property(tx, app.id, server::kStorageMounts));
    std::vector<Volume> all = server::parse_volumes(lines.value_or(""));
    for (const Volume& one : all) {
      if (one.container != volume.container) continue;
      return fail(Errc::already_exists, "Mount path already exists.");
    }
    if (all.size() >= kVolumesMax) return fail(Errc::limit_exceeded, "There are 100 mounts");
    all.push_back(volume);
    return server::set_property(tx, app.id, server::kStorageMounts, server::write_volumes(all));
  };
  TRY(call.platform.store.write(change));
  record_event(call, app.name.str(), volume.str());
  return 0;
}

// "HOST:CONTAINER"; or an entry's name, wherever it is seen.
Result<int> unmount(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  Volume volume;
  const bool whole_entry = call.args.size() == 2 && StorageName::parse(call.args[1]) &&
                           !call.options.has("container-dir");
  if (whole_entry) {
    volume.host = call.args[1];
  } else {
    const std::string word = TRY(volume_word(call));
    volume = TRY(Volume::parse(word));
  }
  const auto change = [&](server::WriteTx& tx) -> Result<> {
    const auto lines = TRY(server::property(tx, app.id, server::kStorageMounts));
    std::vector<Volume> all = server::parse_volumes(lines.value_or(""));
    const std::size_t before = all.size();
    std::erase_if(all, [&](const Volume& one) {
      return one.host == volume.host && (whole_entry || one.container == volume.container);
    });
    if (all.size() == before) return fail(Errc::invalid_argument, "Mount path does not exist.");
    const std::string left = server::write_volumes(all);
    return server::set_property(tx, app.id, server::kStorageMounts,
                                left.empty() ? std::nullopt : std::optional(left));
  };
  TRY(call.platform.store.write(change));
  record_event(call, app.name.str(), whole_entry ? volume.host : volume.str());
  return 0;
}

// --- what is mounted

Result<int> list(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::go));
  TRY(at_most(call, 1));
  const std::vector<Volume> volumes = TRY(volumes_of(call, app));
  const std::string format = call.options.text("format", "stdout");
  if (format == "json") {
    const auto dir = call.platform.instance.storage_dir();
    std::vector<std::map<std::string, std::string>> rows;
    for (const Volume& volume : volumes) {
      rows.push_back({{"entry_name", server::storage_folder(volume, dir)},
                      {"host_path", server::host_path(volume, dir).string()},
                      {"container_path", volume.container},
                      {"volume_options", volume.options},
                      {"readonly", volume.read_only ? "true" : "false"}});
    }
    call.print.line(json_objects(rows));
    return 0;
  }
  if (format != "stdout" && format != "text") {
    return fail(Errc::invalid_argument, "Invalid format specified");
  }
  call.print.info1_quiet(app.name.str() + " volume bind-mounts:");
  for (const Volume& volume : volumes) {
    if (call.print.quiet()) {
      call.print.line(volume.str());
    } else {
      call.print.verbose(volume.str());
    }
  }
  return 0;
}

Result<ReportValues> values(Invocation& call, const App& app) {
  const std::vector<Volume> volumes = TRY(volumes_of(call, app));
  std::string mounts;
  for (const Volume& volume : volumes) mounts += (mounts.empty() ? "-v " : " -v ") + volume.str();
  ReportValues rows{{"storage-build-mounts", ""},
                    {"storage-deploy-mounts", mounts},
                    {"storage-run-mounts", mounts}};
  const auto dir = call.platform.instance.storage_dir();
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const std::string prefix = "storage-attachment." + std::to_string(i + 1) + ".";
    rows[prefix + "entry-name"] = server::storage_folder(volumes[i], dir);
    rows[prefix + "host-path"] = server::host_path(volumes[i], dir).string();
    rows[prefix + "container-path"] = volumes[i].container;
    rows[prefix + "phases"] = "deploy,run";
    rows[prefix + "process-type"] = "_default_";
    rows[prefix + "readonly"] = volumes[i].read_only ? "true" : "false";
    rows[prefix + "subpath"] = "";
    rows[prefix + "volume-chown"] = "";
    rows[prefix + "volume-options"] = volumes[i].options;
  }
  return rows;
}

std::vector<Flag> mount_flags() {
  return {{"container-dir", 0, Flag::Kind::text, "where the entry is seen"},
          {"volume-readonly", 0, Flag::Kind::boolean, "to read only"},
          {"phase", 0, Flag::Kind::text, "not there yet"},
          {"process-type", 0, Flag::Kind::text, "not there yet"},
          {"volume-chown", 0, Flag::Kind::text, "not there yet"},
          {"volume-subpath", 0, Flag::Kind::text, "not there yet"}};
}

}  // namespace

void add_storage_commands(Registry& registry) {
  registry.add_topic({"storage", "Manage mounted volumes"});
  registry.add({.name = "storage:ensure-directory",
                .arguments = "[--chown herokuish|heroku|paketo|root|false|<uid>] <name>",
                .description = "Make a folder that apps can mount",
                .access = Access::admin,
                .run = ensure_directory,
                .flags = {{"chown", 0, Flag::Kind::text, "whose it is (herokuish: the apps')"}}});
  registry.add({.name = "storage:create",
                .arguments = "[--chown herokuish|heroku|paketo|root|false|<uid>] <name>",
                .description = "Make a folder that apps can mount by its name",
                .access = Access::admin,
                .run = create,
                .flags = {{"chown", 0, Flag::Kind::text, "whose it is (herokuish: the apps')"},
                          {"mode", 0, Flag::Kind::text, "not there yet"}}});
  registry.add({.name = "storage:list-entries",
                .description = "List the folders that apps can mount",
                .access = Access::reader,
                .run = list_entries});
  registry.add({.name = "storage:exists",
                .arguments = "<name>",
                .description = "Tell by the status whether there is such a folder",
                .access = Access::reader,
                .run = exists});
  registry.add({.name = "storage:list",
                .arguments = "[--format stdout|json] <app>",
                .description = "List the mounts of an app",
                .access = Access::reader,
                .run = list,
                .flags = {{"format", 0, Flag::Kind::text, "output format: [ stdout | json ]"}}});
  registry.add({.name = "storage:mount",
                .arguments = "<app> <host-dir>:<container-dir>[:ro] | <app> <name> --container-dir "
                             "<container-dir> [--volume-readonly]",
                .description = "Mount a folder of the host, from the next start on",
                .access = Access::admin,
                .run = mount,
                .flags = mount_flags()});
  registry.add(report_command("storage:report",
                              {.title = "storage", .key_prefix = "storage-", .of_app = values},
                              "Displays a storage report for one or more apps"));
  registry.add({.name = "storage:unmount",
                .arguments = "<app> <host-dir>:<container-dir> | <app> <name> [--container-dir "
                             "<container-dir>]",
                .description = "Take a mount off, from the next start on; its files stay",
                .access = Access::admin,
                .run = unmount,
                .flags = mount_flags()});
}

}  // namespace dokku::cli
