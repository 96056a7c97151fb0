// A folder of an app's storage as members of a backup, and back.
//
// Member "PREFIX" is the folder itself, "PREFIX/a/b" what is below. Notes: "d|f|l MODE UID GID
// SECONDS" (mode octal); content: a file's bytes, a link's target. Hard links become files of their
// own, sockets, FIFOs and devices are left out, extended attributes and setuid bits are not kept.
// The folder is in use while it is read: a file that goes meanwhile is left out, one that grows is
// as long as it was when its end was met. Threads: one. Errors: invalid_argument names an entry of
// a stranger's that leads outside or is malformed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/unique_fd.h"
#include "server/backup/members.h"

namespace dokku::server {

struct TreeCount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t left_out = 0;
  std::string first_left_out;
};

// How much there is, about.
TreeCount count_tree(const std::filesystem::path& root);
Result<TreeCount> write_tree(MemberWriter& to, const std::filesystem::path& root,
                             const std::string& prefix);

// Puts entries below `root`, an empty folder that nobody else can reach.
class TreeReader {
 public:
  static Result<TreeReader> create(const std::filesystem::path& root);
  // `path`: below the root, "" for the root itself. Reads the member to its end.
  Result<> add(const std::string& path, const std::string& notes, MemberReader& from);

 private:
  explicit TreeReader(UniqueFd root) : root_(std::move(root)) {}
  UniqueFd root_;
};

}  // namespace dokku::server
