// Settings as JSON: an object with the names of Dokku's properties, only what is not the default.
//
// For the .cc files of this folder only: it brings nlohmann/json with it.
#pragma once

#include "proxy/control/json_values.h"
#include "proxy/control/settings.h"

namespace dokku::proxy {

nlohmann::json settings_to_json(const Settings& settings);
Result<Settings> settings_from_json(const nlohmann::json& object);

}  // namespace dokku::proxy
