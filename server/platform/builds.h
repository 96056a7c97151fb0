// Builds: the history of an app's deploys (builds:list, :info, :output).
#pragma once

#include <optional>
#include <vector>

#include "server/model/instance.h"
#include "server/store/builds.h"
#include "server/store/store.h"

namespace dokku::server {

class Builds {
 public:
  Builds(const Instance& instance, Store& store) : instance_(instance), store_(store) {}

  // The newest first.
  Result<std::vector<Build>> list(const App& app);
  // `number`: none is the newest. invalid_argument: there is no such build, with what there is.
  Result<Build> find(const App& app, std::optional<std::uint64_t> number);
  // What it printed; of one that runs, so far.
  std::filesystem::path output_file(const App& app, const Build& build) const;

 private:
  const Instance& instance_;
  Store& store_;
};

}  // namespace dokku::server
