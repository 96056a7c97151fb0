#include "buildstep/stack/recipe.h"

#include <algorithm>

#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

using Packages = std::vector<std::string>;

// Bump when what stack.cc does to a root changes without a change in these lists.
constexpr const char* kRecipeVersion = "2";

const std::vector<LayerRecipe>& run_recipes() {
  static const std::vector<LayerRecipe> all{
      {"nginx-run", "nginx", {"nginx-light"}, false},
  };
  return all;
}

// Heroku's own packs compile now and then: foreign packs get "c".
const std::vector<LayerRecipe>& build_recipes() {
  static const std::vector<LayerRecipe> all{
      {"c-build", "a C compiler", {"gcc", "g++", "libc6-dev", "pkg-config"}, true},
      {"python-build",
       "python",
       {"python3-pip", "python3-venv", "python3-dev", "gcc", "libc6-dev"},
       true},
  };
  return all;
}

const LayerRecipe* find(const std::vector<LayerRecipe>& all, const std::string& name) {
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const LayerRecipe& recipe) { return recipe.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace

const Packages& base_packages() {
  // python3 and not python3-minimal: people's small apps use http.server without any pack.
  static const Packages all{"ca-certificates", "curl",       "locales",    "tzdata", "procps",
                            "netbase",         "libatomic1", "libstdc++6", "python3"};
  return all;
}

const LayerRecipe& tools_recipe() {
  static const LayerRecipe recipe{"tools",
                                  "build tools",
                                  {"git", "make", "xz-utils", "zstd", "unzip", "zip", "bzip2", "jq",
                                   "file", "patch", "wget", "openssh-client", "perl"},
                                  false};
  return recipe;
}

const LayerRecipe* run_recipe(const std::string& language) {
  return find(run_recipes(), language + "-run");
}
const LayerRecipe* build_recipe(const std::string& language) {
  return find(build_recipes(), language + "-build");
}
bool known_language(const std::string& language) {
  return run_recipe(language) != nullptr || build_recipe(language) != nullptr;
}

std::string recipe_fingerprint(const std::string& suite) {
  std::string text = std::string(kRecipeVersion) + " " + suite;
  for (const std::string& package : base_packages()) text += " " + package;
  for (const std::string& package : tools_recipe().packages) text += " " + package;
  return runtime::sha256_of(text).substr(7, 12);
}

}  // namespace dokku::buildstep
