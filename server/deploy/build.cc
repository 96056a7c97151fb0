// Stage "build": a kept source in, an image and a process table out. The work is the Builder's.
#include <cstdio>
#include <sstream>

#include "base/io.h"
#include "server/deploy/health.h"
#include "server/deploy/limits.h"
#include "server/deploy/packs.h"
#include "server/deploy/pipeline.h"
#include "server/deploy/room.h"
#include "server/model/app_json.h"
#include "server/store/calls.h"
#include "server/store/config.h"
#include "server/store/properties.h"
#include "server/store/releases.h"
#include "server/supervise/instance_id.h"

namespace dokku::server {
namespace {

// A build's output as lines of the deploy's.
class BuildOutput final : public buildstep::Output {
 public:
  explicit BuildOutput(Progress& progress) : progress_(progress) {}
  void step(std::string_view text) override { progress_.step(text); }
  void detail(std::string_view text) override { progress_.detail(text); }
  void warn(std::string_view text) override { progress_.warn(text); }
  // Lines that a pack has set in already stay as they are.
  void pack_line(std::string_view line) override {
    const bool as_it_is = line.empty() || line.starts_with(' ') || line.starts_with("-----") ||
                          line.starts_with("=====") || line.starts_with('\x1b');
    if (as_it_is) {
      progress_.line(line);
    } else {
      progress_.detail(line);
    }
  }

 private:
  Progress& progress_;
};

// "K=V" lines, "#" comments. A file that is not there sets nothing.
std::map<std::string, std::string> read_environment(const std::filesystem::path& file) {
  std::map<std::string, std::string> out;
  const auto text = file.empty() ? Result<std::string>(std::string()) : read_file(file);
  std::istringstream lines(text ? *text : std::string());
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string::npos || equals == 0) continue;
    out[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return out;
}

// For --trace.
void tell(const buildstep::BuildResult& result, Progress& progress) {
  for (const buildstep::PhaseTime& phase : result.times) {
    char text[96];
    std::snprintf(text, sizeof text, "build: %s %.3f s, of it the packs' own %.3f s",
                  phase.phase.c_str(), std::chrono::duration<double>(phase.wall).count(),
                  std::chrono::duration<double>(phase.packs_own).count());
    progress.debug(text);
  }
  progress.debug("image " + result.image.ref.str() + " " + result.image.manifest.str());
}

// An app that nobody scaled to nothing, and that nothing can start, is a mistake: what runs of it
// runs on.
Result<> check_startable(const ReadTx& tx, AppId app, const Release& built) {
  for (const auto& [type, command] : built.processes) {
    if (type != "release") return {};
  }
  const Formation set = TRY(set_formation(tx, app, built));
  if (wanted_count(set, "web") == 0) return {};
  const std::string file = TRY(computed_property(tx, app, kProcfilePath, "Procfile"));
  const std::string other =
      file == "Procfile" ? "" : "\nOr name another: dokku ps:set APP procfile-path FILE";
  return fail(Errc::invalid_argument,
              "Could not start: there is no file " + file +
                  ", and the buildpack knows no start command\nSay how to start it in a file " +
                  file + ": web: COMMAND" + other);
}

}  // namespace

// What later stages read of them must be readable before minutes are spent on building.
Result<buildstep::TreeWishes> Pipeline::look_at_files(Deploy& deploy,
                                                      const buildstep::TreeFiles& files,
                                                      Release& building,
                                                      const BuildSource& source) {
  if (const auto text = files.find("CHECKS"); text != files.end()) {
    const ConfigValues config = TRY(parts_.store.read(
        [&](ReadTx& tx) { return merged_config_at(tx, deploy.app.id, building.config); }));
    TRY(parse_checks_file(text->second, config, {}));
  }
  buildstep::TreeWishes wishes;
  const auto text = files.find("app.json");
  if (text == files.end()) return wishes;
  const AppJson json = TRY(parse_app_json(text->second));
  for (const std::string& remark : json.remarks) deploy.progress.warn(remark);
  wishes.config = TRY(set_app_env(deploy, json, building));
  // The next push of the same tree sees this config from its beginning, and finds nothing changed.
  if (!wishes.config.empty()) building.build_inputs = TRY(build_inputs(deploy, source.tree));
  wishes.predeploy = json.predeploy;
  wishes.buildpacks = json.buildpacks;
  return wishes;
}

Result<Release> Pipeline::build(Deploy& deploy, const Release& row, const BuildSource& source) {
  TRY(room_.make(deploy.name(), deploy.progress));
  const Turns::Turn turn = TRY(
      builds_.take({.key = "build", .what = "the build of " + deploy.name() + " by " + deploy.by},
                   deploy.progress));
  deploy.progress.step("Building " + deploy.name() + " from buildpacks");

  const std::string number = std::to_string(row.number);
  runtime::ImageRef image = TRY(runtime::ImageRef::parse(image_name(deploy.name(), row.number)));
  buildstep::BuildRequest request{.image = std::move(image)};
  request.name = deploy.name();
  request.build_id = deploy.name() + ".b" + number;
  request.shim_group = shim_group(deploy.name());
  request.source = parts_.instance.sources_dir() / source.tree.file;
  request.cache = app_cache(parts_.instance, deploy.name());
  request.revision = source.revision;
  Release built = row;
  request.look_at_files = [&](const buildstep::TreeFiles& files) {
    return look_at_files(deploy, files, built, source);
  };
  request.on_compiled = [&] { deploy.progress.step("Releasing " + deploy.name() + "..."); };
  request.platform_env = read_environment(parts_.instance.build_env_file);
  const auto look = [&](ReadTx& tx) -> Result<> {
    request.config = TRY(merged_config_at(tx, deploy.app.id, row.config));
    request.buildpacks = TRY(chosen_packs(tx, deploy.app.id));
    request.procfile = TRY(computed_property(tx, deploy.app.id, kProcfilePath, "Procfile"));
    request.build_dir = TRY(computed_property(tx, deploy.app.id, kBuildDir, ""));
    const std::string keep = TRY(computed_property(tx, deploy.app.id, kKeepGitDir, "false"));
    request.keep_git_dir = keep == "true";
    const std::string allowed =
        TRY(computed_property(tx, deploy.app.id, "builder-herokuish.allowed", "true"));
    if (allowed == "false") {
      return fail(Errc::conflict, "Buildpacks may not build " + deploy.name() +
                                      "\nAllow it: dokku " + "builder-herokuish:set " +
                                      deploy.name() + " allowed true");
    }
    request.app_json = TRY(computed_property(tx, deploy.app.id, kAppJsonPath, "app.json"));
    const runtime::Limits limits = TRY(build_limits(tx, deploy.app.id));
    if (limits.memory_bytes > 0) request.limits.memory_bytes = limits.memory_bytes;
    return {};
  };
  TRY(parts_.store.read(look));
  BuildOutput output(deploy.progress);
  const buildstep::BuildResult result =
      TRY(parts_.builder.build(request, output, deploy.progress.cancel()));
  parts_.crash_points.reached("deploy.built");
  tell(result, deploy.progress);

  built.image_ref = result.image.ref.str();
  built.image_digest = result.image.manifest.str();
  built.processes = result.processes;
  built.config_defaults = result.config_defaults;
  built.files = result.files;
  built.has_procfile = result.has_procfile;
  built.pack = result.pack_name;
  TRY(parts_.store.read([&](ReadTx& tx) { return check_startable(tx, deploy.app.id, built); }));
  const auto change = [&](WriteTx& tx) -> Result<> {
    TRY(complete_build(tx, deploy.app.id, built));
    const bool waits = TRY(skips_deploy(tx, deploy.app.id));
    built.state = waits ? ReleaseState::built : ReleaseState::starting;
    if (!waits) return set_release_state(tx, deploy.app.id, built.number, built.state);
    note_call_done();
    return set_waiting_number(tx, deploy.app.id, built.number);
  };
  TRY(parts_.store.write(change));
  parts_.crash_points.reached("deploy.build-completed");
  return built;
}

}  // namespace dokku::server
