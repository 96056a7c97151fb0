#include "server/store/schema_steps.h"

namespace dokku::server {

const std::vector<SchemaStep>& known_steps() {
  static const std::vector<SchemaStep> steps = released_steps();
  return steps;
}

}  // namespace dokku::server
