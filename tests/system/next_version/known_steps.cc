// The schema of the upgrade tests' next version: one step more than this tree knows. What the step
// is like, the test says by DOKKU_NEXT_STEP: it may fail, or leave a way back that does.
#include <cstdlib>
#include <string_view>

#include "server/store/schema_steps.h"

namespace dokku::server {
namespace {

constexpr SchemaStep kGood{"ALTER TABLE apps ADD COLUMN next_only INTEGER NOT NULL DEFAULT 7",
                           "ALTER TABLE apps DROP COLUMN next_only"};
constexpr SchemaStep kFails{"ALTER TABLE no_such_table ADD COLUMN next_only", "SELECT 1"};
constexpr SchemaStep kNoWayBack{"ALTER TABLE apps ADD COLUMN next_only INTEGER NOT NULL DEFAULT 7",
                                "ALTER TABLE no_such_table DROP COLUMN next_only"};

}  // namespace

const std::vector<SchemaStep>& known_steps() {
  static const std::vector<SchemaStep> steps = [] {
    std::vector<SchemaStep> all = released_steps();
    const char* const set = std::getenv("DOKKU_NEXT_STEP");
    const std::string_view wish = set == nullptr ? "good" : set;
    if (wish == "good") all.push_back(kGood);
    if (wish == "fails") all.push_back(kFails);
    if (wish == "no-way-back") all.push_back(kNoWayBack);
    return all;
  }();
  return steps;
}

}  // namespace dokku::server
