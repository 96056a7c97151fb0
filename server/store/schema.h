// The schema and its steps. Private to server/store.
//
// Each step carries its way back, which is kept in the database itself, so that an older program
// can be returned to although it never heard of the step.
#pragma once

#include "base/result.h"
#include "server/store/sql.h"

namespace dokku::server {

// Takes the steps that are missing, each in a transaction. conflict: newer than we know.
Result<> bring_schema_up_to_date(Connection& connection);
Result<int> schema_version_of(Connection& connection);
// Of an empty database. conflict: newer than we know.
Result<> create_schema(Connection& connection, int version);
// Runs the stored ways back down to `version`.
Result<> step_schema_back(Connection& connection, int version);

}  // namespace dokku::server
