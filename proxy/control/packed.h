// Groups as bytes: a whole table on its way from the parent to a worker that has just begun.
//
// Reading it takes a fraction of what JSON takes, and a worker that has died is missed until its
// successor has read ten thousand groups. Parent and worker are one program, so the form may change
// with any version; nothing of it is kept (the snapshot and the control socket speak JSON).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/control/routes.h"

namespace dokku::proxy {

// First how many there will be, then each of them.
void pack_count(std::string& out, std::size_t groups);
void pack_group(std::string& out, const Group& group);

// What was packed, one after another: all at once they would need as much memory as the table that
// is made of them. `bytes` must outlive this.
class PackedGroups {
 public:
  explicit PackedGroups(std::string_view bytes);

  // As it was announced: a hint, until all have been read.
  std::size_t size() const { return size_; }
  // nullopt: that was all. invalid_argument: these are no packed groups.
  Result<std::optional<Group>> next();

 private:
  std::string_view rest_;
  std::size_t size_ = 0;
  std::size_t left_ = 0;
};

}  // namespace dokku::proxy
