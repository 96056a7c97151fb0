// Row: values of one row of a table, as they travel in a backup (server/backup) from one store to
// another (server/store).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace dokku::server {

struct Bytes {
  std::string value;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

}  // namespace dokku::server
