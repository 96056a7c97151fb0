// Extended attributes of a volume's file or folder, as text in a backup: " NAME:VALUE …", both in
// base64.
//
// Those of users ("user.*") and access lists (POSIX ACLs). Not those by which a file gives rights
// (capabilities) or that a security module sets: they are this server's affair. Threads: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dokku::server {

struct Attributes {
  std::string text;       // empty: none
  bool left_out = false;  // some did not fit
};
Attributes attributes_of(int fd, std::size_t bytes_max);

struct Attribute {
  std::string name;
  std::string value;
};
// invalid_argument: malformed, or not one of those above.
Result<std::vector<Attribute>> parse_attributes(std::string_view text);

// After owner and mode. false: the file system keeps none of them.
Result<bool> set_attributes(int fd, const std::vector<Attribute>& attributes);

}  // namespace dokku::server
