// Properties: the small settings of topics, one by one (`TOPIC:set`, `TOPIC:report`).
//
// What a topic may set is told by its PropertyTable (cli/commands/properties.h); code that acts on
// a setting reads it with `computed_property` (server/store/properties.h). Names are full:
// "ps.stop-timeout-seconds". Threads: any.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "server/store/properties.h"

namespace dokku::server {

// Everything that is set below "<topic>.", by the name after the point.
struct PropertiesSeen {
  std::map<std::string, std::string> app;  // empty for AppId::global
  std::map<std::string, std::string> global;
};

class Properties {
 public:
  explicit Properties(Store& store) : store_(store) {}

  // No value: as if it had never been set.
  Result<> set(AppId app, const std::string& name, const std::optional<std::string>& value);
  Result<PropertiesSeen> seen(AppId app, const std::string& topic);
  // The app's, else the global one, else `fallback`.
  Result<std::string> computed(AppId app, const std::string& name, std::string fallback);

 private:
  Store& store_;
};

}  // namespace dokku::server
