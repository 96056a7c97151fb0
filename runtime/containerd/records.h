// containerd's container records: what a container is, whether or not it runs.
//
// Internal to this folder. Threads: any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/containers.h"

namespace dokku::runtime {

class Channel;

struct Record {
  std::string id;
  std::string image;
  Labels labels;
  std::string spec_json;
  std::string snapshotter, snapshot_key;
};

class Records {
 public:
  explicit Records(const Channel& channel);
  ~Records();

  // already_exists: the id is taken. This is what decides between two creators of one id.
  Result<> create(const Record& record);
  Result<Record> get(const std::string& id);
  // Those with all of these labels.
  Result<std::vector<Record>> list(const Labels& with);
  // Removing what is not there is success.
  Result<> remove(const std::string& id);

 private:
  struct Impl;
  const Channel& channel_;
  std::unique_ptr<Impl> impl_;
};

// `labels."dokku.app"=="blog",…`, in containerd's filter language. Empty for no labels.
std::string label_filter(const Labels& with);

}  // namespace dokku::runtime
