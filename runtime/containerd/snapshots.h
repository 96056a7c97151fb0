// containerd's snapshots: directories in layers, and the mounts that show them.
//
// Internal to this folder. Threads: any. Errors: as the calls', not_found above all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"

namespace dokku::runtime {

class Channel;

// As mount(2) takes it, but with options as words.
struct SnapshotMount {
  std::string type, source;
  std::vector<std::string> options;
};

class Snapshots {
 public:
  Snapshots(const Channel& channel, std::string snapshotter);
  ~Snapshots();

  const std::string& snapshotter() const { return snapshotter_; }

  // A writable snapshot on `parent` (empty: on nothing). already_exists: the key is taken.
  Result<std::vector<SnapshotMount>> prepare(const std::string& key, const std::string& parent,
                                             const std::string& lease = "");
  Result<std::vector<SnapshotMount>> mounts(const std::string& key);
  // From now on the snapshot `key` is the immutable `name`.
  Result<> commit(const std::string& key, const std::string& name, const std::string& lease);
  Result<bool> exists(const std::string& key);
  // Removing what is not there is success.
  Result<> remove(const std::string& key);
  // Bytes of each snapshot of the namespace, without those below it. Walks the writable ones: slow
  // with many files; the immutable are asked for once.
  Result<std::map<std::string, std::uint64_t>> sizes();
  // Name by name, those that nothing is based on first.
  Result<> remove_all();

 private:
  struct Impl;
  const Channel& channel_;
  std::string snapshotter_;
  std::unique_ptr<Impl> impl_;
  Guarded<std::map<std::string, std::uint64_t>> known_sizes_;
};

// Shows a snapshot read-only at `at`, also while a container writes to it: the layers are stacked
// anew, so the kernel never sees two writers of one upper directory.
Result<> mount_read_only(const std::vector<SnapshotMount>& mounts, const std::filesystem::path& at);

}  // namespace dokku::runtime
