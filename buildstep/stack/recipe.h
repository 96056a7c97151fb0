// What the stack is made of: package lists. Data and nothing else.
#pragma once

#include <string>
#include <vector>

namespace dokku::buildstep {

struct LayerRecipe {
  std::string name;   // "tools", "python-build": also the file's name
  std::string title;  // for people: "python"
  std::vector<std::string> packages;
  bool over_tools = false;  // installed over base and tools, else over the base
};

const std::vector<std::string>& base_packages();
const LayerRecipe& tools_recipe();
// Null: the language needs no such layer (or is not known; see known_language).
const LayerRecipe* run_recipe(const std::string& language);
const LayerRecipe* build_recipe(const std::string& language);
bool known_language(const std::string& language);

// Changes with the base's or the tools' content; part of the stack's directory name.
std::string recipe_fingerprint(const std::string& suite);

}  // namespace dokku::buildstep
