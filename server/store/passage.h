// Passage: what is done with the database before other programs than the last ones open it.
//
// Called by dokkud before Store::open, alone with the file. Forward: a snapshot, then Store::open
// takes its steps. Back, when the upgrade's record allows it: a snapshot, then the ways back that
// the newer version left in the database; when they do not work, the newest snapshot that this
// program can read takes the database's place.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace dokku::server {

struct PassageOptions {
  std::filesystem::path file;
  std::filesystem::path snapshots;  // the folder
  std::string stamp;                // of the snapshot
  // What comes ("0.2.0"), when it is another version; empty: a snapshot is taken only before a
  // schema step.
  std::string next_version;
  bool may_go_back = false;
};

struct Passage {
  std::string snapshot;  // the file that was taken; empty: none was due
  std::string cost;      // of the way back, a sentence for people; empty: nothing is lost
};

// unavailable: no room for the snapshot. conflict: a newer schema, and no way back is allowed or
// works: Store::open's words then.
Result<Passage> pass_on(const PassageOptions& options);

}  // namespace dokku::server
