// A folder of an app's storage as members of a backup, and back.
//
// Member "PREFIX" is the folder itself, "PREFIX/a/b" what is below. Notes: "d|f|l|h MODE UID GID
// SECONDS" (mode octal) and extended attributes (file_attributes.h); content: a file's bytes, a
// link's target, of a hard link the path below the folder of a file that came before. Sockets,
// FIFOs and devices are left out, setuid bits and capabilities of files are not kept.
// The folder is in use while it is read: a file that goes meanwhile is left out, one that grows is
// as long as it was when its end was met. Threads: one. Errors: invalid_argument names an entry of
// a stranger's that leads outside or is malformed.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "server/backup/members.h"

namespace dokku::server {

struct TreeCount {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t left_out = 0;
  std::string first_left_out;
  std::uint64_t attributes_left_out = 0;  // files of which some did not fit
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
  // After the last entry: gives folders their times, which what came into them has changed.
  Result<> finish() { return close_folders(nullptr); }
  // Entries whose extended attributes this file system does not keep.
  std::uint64_t attributes_lost() const { return attributes_lost_; }

 private:
  // In which entries may still come.
  struct OpenFolder {
    std::string path;
    timespec changed{};
  };

  explicit TreeReader(UniqueFd root) : root_(std::move(root)) {}
  // Those in which `next` does not lie; nullptr: all.
  Result<> close_folders(const std::string* next);

  UniqueFd root_;
  std::vector<OpenFolder> open_;  // outermost first
  std::uint64_t attributes_lost_ = 0;
};

}  // namespace dokku::server
