// What the proxy may do: as little as possible, from its first request on.
#pragma once

#include <string>

#include "base/result.h"

namespace dokku::proxy::process {

// Raises the limit of open files as far as this process may, up to `files`.
void raise_file_limit(unsigned long files);
// What it is now.
unsigned long file_limit();

// Becomes the user `name` for good, with no capability left but the one to listen on ports below
// 1024. not_found: no such user. permission_denied: we are not root.
Result<> become(const std::string& name);

// No capability left at all, now and after any exec.
Result<> drop_all_capabilities();

// Makes `folder` for the user `name` when it is missing; an existing one is left as it is.
Result<> make_folder_for(const std::string& folder, const std::string& name);

}  // namespace dokku::proxy::process
