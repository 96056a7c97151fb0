// Formation: how many instances of each process type an app shall have.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/named.h"
#include "base/result.h"

namespace dokku::server {

// The word before the colon in a Procfile: letters, digits, '_' and '-', at most 63 bytes.
class ProcessType : public Named<ProcessType> {
 public:
  static Result<ProcessType> parse(std::string_view text);

 private:
  using Named::Named;
};

// Process type to count. A type that is not named has 0, but "web" has 1.
using Formation = std::map<std::string, unsigned>;
inline constexpr unsigned kInstancesMax = 100;  // of one process type

unsigned wanted_count(const Formation& formation, std::string_view type);

// "web=2 worker=1". invalid_argument: "Missing count for process type X", "Invalid count for
// process type X"; over kInstancesMax counts as invalid.
Result<Formation> parse_formation(const std::vector<std::string>& words);

}  // namespace dokku::server
