#include "server/deploy/packs.h"

#include <sstream>

#include "server/store/properties.h"

namespace dokku::server {

Result<std::vector<std::string>> chosen_packs(const ReadTx& tx, AppId app) {
  const std::string builder = TRY(computed_property(tx, app, kBuilderSelected, ""));
  if (builder == "null") return std::vector<std::string>{"null"};
  const std::string list = TRY(computed_property(tx, app, kBuildpacks, ""));
  std::istringstream in(list);
  std::vector<std::string> packs;
  for (std::string word; in >> word;) packs.push_back(word);
  return packs;
}

}  // namespace dokku::server
