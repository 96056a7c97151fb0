#include "server/platform/properties.h"

namespace dokku::server {
namespace {

std::map<std::string, std::string> without_prefix(const std::map<std::string, std::string>& all,
                                                  std::size_t size) {
  std::map<std::string, std::string> shorter;
  for (const auto& [name, value] : all) shorter.emplace(name.substr(size), value);
  return shorter;
}

}  // namespace

Result<> Properties::set(AppId app, const std::string& name,
                         const std::optional<std::string>& value) {
  return store_.write([&](WriteTx& tx) { return set_property(tx, app, name, value); });
}

Result<PropertiesSeen> Properties::seen(AppId app, const std::string& topic) {
  const std::string prefix = topic + ".";
  return store_.read([&](ReadTx& tx) -> Result<PropertiesSeen> {
    PropertiesSeen seen;
    if (app != AppId::global) {
      const std::map<std::string, std::string> own = TRY(properties(tx, app, prefix));
      seen.app = without_prefix(own, prefix.size());
    }
    const std::map<std::string, std::string> global = TRY(properties(tx, AppId::global, prefix));
    seen.global = without_prefix(global, prefix.size());
    return seen;
  });
}

Result<std::string> Properties::computed(AppId app, const std::string& name, std::string fallback) {
  return store_.read(
      [&](ReadTx& tx) { return computed_property(tx, app, name, std::move(fallback)); });
}

}  // namespace dokku::server
