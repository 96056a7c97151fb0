#include "server/platform/builds.h"

#include "server/deploy/build_record.h"

namespace dokku::server {

Result<std::vector<Build>> Builds::list(const App& app) {
  return store_.read([&](ReadTx& tx) { return list_builds(tx, app.id, kBuildsKeptMax); });
}

Result<Build> Builds::find(const App& app, std::optional<std::uint64_t> number) {
  const std::vector<Build> all = TRY(list(app));
  if (all.empty()) return fail(Errc::invalid_argument, "No builds recorded for this app");
  if (!number) return all.front();
  for (const Build& build : all) {
    if (build.number == *number) return build;
  }
  return fail(Errc::invalid_argument,
              "No build " + std::to_string(*number) + " of " + app.name.str() +
                  " is kept\nSee them: dokku builds:list " + app.name.str());
}

std::filesystem::path Builds::output_file(const App& app, const Build& build) const {
  return build_log_file(instance_, app.id, build.number);
}

}  // namespace dokku::server
