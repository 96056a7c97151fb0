// Snapshot: the table as text, kept on disk, so that the proxy starts without the control plane.
//
// Each group's JSON is kept ready, so that a change of one among thousands encodes one. Used by the
// parent only.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/control/routes.h"
#include "proxy/process/disk_sync.h"

namespace dokku::proxy::process {

class Snapshot {
 public:
  // An empty path: nothing is kept on disk.
  explicit Snapshot(std::filesystem::path file) : file_(std::move(file)) {}

  // permission_denied: its folder is not ours to write in. Better said at start than at a deploy.
  Result<> check_folder() const;
  // What was saved last; nothing when there is no file. Fails on a file that is of no use.
  Result<std::vector<Group>> load() const;

  void put(const Group& group);
  void remove(const std::string& key) { texts_.erase(key); }
  void replace_all(const std::vector<Group>& groups);
  // The whole table as a JSON list.
  std::string text() const;
  // Replaces the file, synced. Blocking: a few milliseconds, or what the disk takes.
  Result<> save();
  // Replaces the file: whoever reads it from now on, after our death, too, sees the new one. It is
  // synced in the background, so a power cut may leave one of no use, which load() says.
  Result<> replace();

 private:
  std::filesystem::path file_;
  std::map<std::string, std::string> texts_;  // by key
  std::unique_ptr<DiskSync> sync_;            // from the first replace() on
};

}  // namespace dokku::proxy::process
