#include "server/platform/git.h"

#include <algorithm>

#include "server/model/config.h"
#include "server/store/config.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr std::size_t kBranchMax = 200;
constexpr std::size_t kShortSha = 8;

std::string property_name(std::string_view key) { return "git." + std::string(key); }

// What git check-ref-format refuses, in short.
bool valid_branch(std::string_view name) {
  constexpr std::string_view kForbidden = " ~^:?*[\\\"'$`;&|<>(){}!";
  if (name.empty() || name.size() > kBranchMax || name.front() == '-' || name.front() == '/' ||
      name.back() == '/' || name.back() == '.' || name.find("..") != std::string_view::npos ||
      name.find("//") != std::string_view::npos || name.find("@{") != std::string_view::npos) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f &&
           kForbidden.find(c) == std::string_view::npos;
  });
}

Result<> check_value(std::string_view key, const std::string& value) {
  const auto invalid = [&] {
    return fail(Errc::invalid_argument,
                "Invalid value for " + std::string(key) + ": " + printable(value));
  };
  if (key == "deploy-branch" && !valid_branch(value)) return invalid();
  if (key == "keep-git-dir" && value != "true" && value != "false") return invalid();
  if (key == "rev-env-var" && !value.empty()) TRY(ConfigKey::parse(value));
  return {};
}

}  // namespace

Result<GitSettings> git_settings(const ReadTx& tx, AppId app) {
  GitSettings settings;
  // As in old tutorials: config:set DOKKU_DEPLOY_BRANCH. What was set by git:set counts more.
  const ConfigValues config = TRY(merged_config(tx, app));
  const auto branch = config.find("DOKKU_DEPLOY_BRANCH");
  const bool named = branch != config.end() && valid_branch(branch->second);
  settings.deploy_branch =
      TRY(computed_property(tx, app, "git.deploy-branch", named ? branch->second : std::string()));
  const std::string keep = TRY(computed_property(tx, app, "git.keep-git-dir", "false"));
  settings.keep_git_dir = keep == "true";
  settings.rev_env_var = TRY(computed_property(tx, app, "git.rev-env-var", "GIT_REV"));
  return settings;
}

Result<> Git::set(AppId app, const std::string& key, const std::optional<std::string>& value) {
  if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
    return fail(Errc::invalid_argument,
                "Invalid key specified, valid keys include: deploy-branch, keep-git-dir, "
                "rev-env-var");
  }
  // No rev-env-var means that there is none, as in Dokku; all others go back to the default.
  std::optional<std::string> kept = value.value_or("");
  if (kept->empty() && key != "rev-env-var") kept.reset();
  if (kept) TRY(check_value(key, *kept));
  return store_.write([&](WriteTx& tx) { return set_property(tx, app, property_name(key), kept); });
}

Result<GitReport> Git::report(AppId app) {
  GitReport report;
  report.sha = "HEAD";
  const auto fill = [&](ReadTx& tx) -> Result<> {
    const std::map<std::string, std::string> fallback{
        {"deploy-branch", "master"}, {"keep-git-dir", "false"}, {"rev-env-var", "GIT_REV"}};
    for (const auto& [key, value] : fallback) {
      const std::string name = property_name(key);
      const std::optional<std::string> own = TRY(property(tx, app, name));
      const std::optional<std::string> global = TRY(property(tx, AppId::global, name));
      report.app[key] = app == AppId::global ? "" : own.value_or("");
      report.global[key] = global.value_or("");
      report.computed[key] = own.value_or(global.value_or(value));
    }
    const std::optional<Release> live = TRY(live_release(tx, app));
    if (live && !live->revision.empty()) {
      report.sha = live->revision.substr(0, kShortSha);
      report.last_updated_at = live->created_at;
    }
    return {};
  };
  TRY(store_.read(fill));
  return report;
}

Result<std::optional<std::string>> Git::revision_in(AppId app, const std::string& variable) {
  std::optional<std::string> revision;
  const auto look = [&](ReadTx& tx) -> Result<> {
    const GitSettings settings = TRY(git_settings(tx, app));
    const std::optional<Release> live = TRY(live_release(tx, app));
    const bool meant = !variable.empty() && variable == settings.rev_env_var;
    if (meant && live && !live->revision.empty()) revision = live->revision;
    return {};
  };
  TRY(store_.read(look));
  return revision;
}

}  // namespace dokku::server
