// What each schema step does, and the way back that is kept in the database. Private to
// server/store.
#pragma once

#include <vector>

namespace dokku::server {

struct SchemaStep {
  const char* up;
  const char* back;
};

// Those of all versions so far. One that was released is never changed; new ones come last.
std::vector<SchemaStep> released_steps();
// What this program takes: the released ones. In a file of its own (known_steps.cc), so that the
// upgrade tests can link a dokkud that knows one more (tests/system/next_version).
const std::vector<SchemaStep>& known_steps();

}  // namespace dokku::server
