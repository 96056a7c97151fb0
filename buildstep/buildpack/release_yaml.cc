// The worker's side of release.h: the only user of yaml-cpp.
#include <yaml-cpp/yaml.h>

#include <exception>

#include "buildstep/buildpack/release.h"

namespace dokku::buildstep {
namespace {

// "<kind> <bytes of key> <bytes of value>\n" key value "\n"
void put(std::string& out, char kind, const std::string& key, const std::string& value) {
  out += kind;
  out += ' ' + std::to_string(key.size()) + ' ' + std::to_string(value.size()) + '\n';
  out += key + value + '\n';
}

Result<> put_map(std::string& out, char kind, const YAML::Node& map, const char* name) {
  if (!map || map.IsNull()) return {};
  if (!map.IsMap()) {
    return fail(Errc::invalid_argument, std::string(name) + " is not a map of names to text");
  }
  for (const auto& item : map) {
    if (!item.first.IsScalar() || !(item.second.IsScalar() || item.second.IsNull())) {
      return fail(Errc::invalid_argument, std::string(name) + " is not a map of names to text");
    }
    put(out, kind, item.first.Scalar(), item.second.IsNull() ? "" : item.second.Scalar());
  }
  return {};
}

Result<std::string> lines_of(const YAML::Node& root) {
  if (!root || root.IsNull()) return std::string();
  if (!root.IsMap()) return fail(Errc::invalid_argument, "it printed no map");
  std::string out;
  TRY(put_map(out, 'p', root["default_process_types"], "default_process_types"));
  TRY(put_map(out, 'c', root["config_vars"], "config_vars"));
  const YAML::Node addons = root["addons"];
  if (addons && addons.IsSequence()) {
    for (const auto& addon : addons) {
      if (addon.IsScalar()) put(out, 'a', addon.Scalar(), "");
    }
  }
  return out;
}

}  // namespace

Result<std::string> yaml_to_lines(std::string_view yaml) {
  try {
    return lines_of(YAML::Load(std::string(yaml)));
  } catch (const std::exception& error) {
    return fail(Errc::invalid_argument, std::string("it printed no YAML: ") + error.what());
  }
}

}  // namespace dokku::buildstep
