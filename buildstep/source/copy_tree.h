// Copies a tree that may be a stranger's: …at() calls, no link is followed.
//
// Folders, files (by reflink where the file system can) and links are copied; sockets, FIFOs and
// devices are left out. Setuid and setgid bits are dropped. Threads: any.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/result.h"

namespace dokku::buildstep {

// From the folder `from` into the existing folder `to`. `owner`: user and group of every copy.
Result<> copy_tree(int from, int to, std::optional<uid_t> owner);

}  // namespace dokku::buildstep
