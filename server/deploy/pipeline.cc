#include "server/deploy/pipeline.h"

#include <algorithm>

#include "base/log.h"
#include "server/deploy/failed_output.h"
#include "server/store/config.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

// More builds than this at once would only make all of them slow.
unsigned builds_at_once() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

}  // namespace

std::filesystem::path app_cache(const Instance& instance, const std::string& app) {
  return instance.cache_dir() / "apps" / app;
}

Result<std::uint16_t> mapped_port(const DeployParts& parts, const ReadTx& tx, const App& app) {
  const RouteSpec spec = TRY(parts.route_spec(tx, app));
  return spec.ports.empty() ? kAppPort : spec.ports.front().container;
}

std::string image_prefix(const std::string& app) { return "dokku/" + app + ":"; }
std::string image_name(const std::string& app, std::uint64_t release) {
  return image_prefix(app) + "r" + std::to_string(release);
}

std::string app_of_image(const std::string& ref) {
  const auto colon = ref.rfind(":r");
  if (!ref.starts_with("dokku/") || colon == std::string::npos) return {};
  const std::string app = ref.substr(6, colon - 6);
  return app.find('/') == std::string::npos ? app : std::string();
}

Pipeline::Pipeline(const DeployParts& parts, AppRoutes& routes, Room& room)
    : parts_(parts), routes_(routes), room_(room), builds_(parts.clock, builds_at_once()) {}

Pipeline::~Pipeline() {
  for (std::thread& drain : drains_) drain.join();
}

Result<> Pipeline::push(Deploy& deploy, int tar_fd, const std::string& revision,
                        const std::string& git_ref) {
  const SourcePlace place{parts_.instance.sources_dir(), deploy.name()};
  BuildSource source{.revision = revision, .git_ref = git_ref};
  source.tree = TRY(keep_source(tar_fd, place, deploy.progress.cancel()));
  parts_.crash_points.reached("deploy.source-kept");
  deploy.stage_done("source");
  const Result<> done = build_and_deploy(deploy, source);
  prune(deploy);  // of a failed push, too: its source and image
  return done;
}

Result<> Pipeline::rebuild(Deploy& deploy, const Release& live) {
  BuildSource source{.revision = live.revision, .git_ref = live.git_ref, .force = true};
  const auto path = parts_.instance.sources_dir() / live.source_file;
  std::error_code missing;
  if (live.source_file.empty() || !std::filesystem::exists(path, missing)) {
    return fail(Errc::conflict, "No source of " + deploy.name() +
                                    " is kept here\nPush it again: git push dokku main");
  }
  source.tree.file = live.source_file;
  const Result<> done = build_and_deploy(deploy, source);
  prune(deploy);
  return done;
}

Result<> Pipeline::build_and_deploy(Deploy& deploy, const BuildSource& source) {
  const std::string inputs = TRY(build_inputs(deploy, source.tree));
  const bool unchanged = TRY(is_unchanged(deploy, inputs));
  if (unchanged && !source.force) return record_unchanged(deploy, source);

  ReleaseInProgress release(*this, deploy,
                            {.source_file = source.tree.file,
                             .revision = source.revision,
                             .git_ref = source.git_ref,
                             .build_inputs = inputs});
  TRY(release.add(ReleaseState::building));
  const Release built = TRY(build(deploy, release.row(), source));
  deploy.stage_done("build");
  if (built.state == ReleaseState::starting) return deploy_image(deploy, release, built);
  release.keep();
  deploy.progress.step("Skipping deployment");
  deploy.progress.detail("Release " + std::to_string(built.number) +
                         " is built. Deploy it: dokku ps:restart " + deploy.name());
  return {};
}

Result<> Pipeline::deploy_waiting(Deploy& deploy, const Release& waiting) {
  ReleaseInProgress release(*this, deploy, waiting);
  TRY(release.add(ReleaseState::starting));
  TRY(deploy_image(deploy, release, release.row()));
  prune(deploy);
  return {};
}

// An image that never ran, with its tasks.
Result<> Pipeline::deploy_image(Deploy& deploy, ReleaseInProgress& release, const Release& image) {
  TRY(run_release_phase(deploy, image));
  TRY(go_live(deploy, image));
  release.keep();
  run_postdeploy(deploy, image);
  return finish(deploy);
}

Result<> Pipeline::redeploy(Deploy& deploy, const Release& from) {
  Release row = from;
  ReleaseInProgress release(*this, deploy, std::move(row));
  TRY(release.add(ReleaseState::starting));
  TRY(go_live(deploy, release.row()));
  release.keep();
  TRY(finish(deploy));
  prune(deploy);
  return {};
}

Result<> Pipeline::go_live(Deploy& deploy, const Release& release) {
  const std::optional<std::uint64_t> old =
      TRY(parts_.store.read([&](ReadTx& tx) { return running_number(tx, deploy.app.id); }));
  std::vector<proxy::Target> old_targets;
  if (old) old_targets = routes_.targets(deploy.name(), *old, kInstancesMax);

  const std::vector<std::string> first = TRY(types_without_overlap(deploy, release));
  if (old && !first.empty()) TRY(stop_first(deploy, first, *old));
  const Result<> started = start(deploy, release);
  if (!started && old && !first.empty()) bring_back(deploy, *old);
  TRY(started);
  parts_.crash_points.reached("deploy.ready");
  deploy.stage_done("start");
  TRY(switch_over(deploy, release));
  deploy.stage_done("switch");
  // Past this line the new release serves: nothing below may fail the deploy.
  forget_failed_output(parts_.instance, deploy.app);
  if (old) drain(deploy.app, *old, old_targets);
  return {};
}

Result<> Pipeline::finish(Deploy& deploy) {
  deploy.progress.detail(deploy.watch.line());
  deploy.progress.title("Application deployed:");
  const auto urls = parts_.urls(deploy.app);
  if (!urls) log::warn("urls of " + deploy.name() + ": " + urls.error().message());
  if (urls) {
    for (const std::string& url : *urls) deploy.progress.detail(url);
  }
  deploy.progress.line("");
  return {};
}

// --- the row

Result<> ReleaseInProgress::add(ReleaseState state) {
  row_.state = state;
  row_.by = deploy_.by;
  row_.why = deploy_.why;
  row_.created_at = pipeline_.parts_.clock.wall();
  Result<std::uint64_t> number =
      pipeline_.parts_.store.write([&](WriteTx& tx) -> Result<std::uint64_t> {
        row_.config = TRY(current_config_version(tx, deploy_.app.id));
        if (deploy_.config_back) row_.config.app = *deploy_.config_back;
        row_.port = TRY(mapped_port(pipeline_.parts_, tx, deploy_.app));
        return add_release(tx, deploy_.app.id, row_);
      });
  if (!number) {
    kept_ = true;  // there is nothing to undo
    return Fail(std::move(number).error());
  }
  row_.number = *number;
  deploy_.progress.debug("release " + std::to_string(row_.number) + ", config " +
                         std::to_string(row_.config.app) + ", PORT " +
                         std::to_string(port_of(row_)));
  pipeline_.parts_.crash_points.reached("deploy.release-added");
  return {};
}

ReleaseInProgress::~ReleaseInProgress() {
  if (kept_) return;
  const DeployParts& parts = pipeline_.parts_;
  parts.executor.forget(deploy_.name(), row_.number, {});
  const Result<> marked = parts.store.write([&](WriteTx& tx) {
    return set_release_state(tx, deploy_.app.id, row_.number, ReleaseState::failed);
  });
  parts.crash_points.reached("deploy.failed-marked");
  // A conflict: it was live for a moment, and is retired. Else the next start of the daemon does
  // it.
  if (!marked && marked.error().code() != Errc::conflict)
    log::error("marking a failed release: " + marked.error().message());
}

}  // namespace dokku::server
