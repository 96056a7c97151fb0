#include "cli/commands/push_rules.h"

#include <string_view>

#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

bool is_object_id(const std::string& word) {
  return (word.size() == 40 || word.size() == 64) &&
         word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool deletes(const RefChange& change) {
  return change.after.find_first_not_of('0') == std::string::npos;
}

// "refs/heads/feature/x" → "feature/x"
std::string short_name(const std::string& ref) {
  for (const std::string_view prefix : {kHeads, kTags}) {
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  }
  return ref;
}

bool deploys(const std::string& ref, const std::string& deploy_branch) {
  if (!deploy_branch.empty()) {
    return ref == std::string(kHeads) + deploy_branch || ref == std::string(kTags) + deploy_branch;
  }
  return ref == "refs/heads/main" || ref == "refs/heads/master";
}

Fail refuse(const std::string& why, const std::string& instead) {
  return fail(Errc::invalid_argument, why + "\n" + instead);
}

Fail refuse_ref(const RefChange& change, const std::string& app, const std::string& branch) {
  const std::string name = server::printable(short_name(change.ref));
  const std::string target = branch.empty() ? "main" : branch;
  const bool tag = change.ref.starts_with(kTags);
  const std::string source = tag ? name + "^{}:refs/heads/" + target : name + ":" + target;
  return refuse(std::string(tag ? "Tag " : "Branch ") + name + " was not deployed: " +
                    (branch.empty() ? "main and master deploy " : branch + " deploys ") + app,
                "Type: git push dokku " + source);
}

}  // namespace

Result<std::vector<RefChange>> read_ref_changes(const std::vector<std::string>& words) {
  if (words.empty() || words.size() % 3 != 0) {
    return fail(Errc::invalid_argument, "git-hook is for git's own use");
  }
  std::vector<RefChange> changes;
  for (std::size_t i = 0; i < words.size(); i += 3) {
    if (!is_object_id(words[i]) || !is_object_id(words[i + 1])) {
      return fail(Errc::invalid_argument, "git-hook is for git's own use");
    }
    changes.push_back({words[i], words[i + 1], words[i + 2]});
  }
  return changes;
}

Result<RefChange> choose_deploy(const std::vector<RefChange>& changes, const std::string& app,
                                const std::string& deploy_branch) {
  for (const RefChange& change : changes) {
    if (deletes(change)) {
      return refuse(server::printable(short_name(change.ref)) + " of " + app +
                        " cannot be deleted by a push",
                    "To remove the app itself, type: dokku apps:destroy " + app);
    }
    if (!deploys(change.ref, deploy_branch)) return refuse_ref(change, app, deploy_branch);
  }
  if (changes.size() != 1) {
    return refuse("A push deploys one branch, and this one has " + std::to_string(changes.size()),
                  "Type: git push dokku main");
  }
  return changes[0];
}

}  // namespace dokku::cli
