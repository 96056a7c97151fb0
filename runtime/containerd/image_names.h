// containerd's image records: names for manifests.
//
// Internal to this folder. Threads: any.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/oci/image_spec.h"

namespace dokku::runtime {

class Channel;

class ImageNames {
 public:
  explicit ImageNames(const Channel& channel);
  ~ImageNames();

  Result<oci::Descriptor> get(const std::string& name);
  // Replaces what the name stood for.
  Result<> set(const std::string& name, const oci::Descriptor& manifest);
  Result<std::vector<std::pair<std::string, oci::Descriptor>>> list();
  // Removing what is not there is success. `collect`: returns when the collector has run.
  Result<> remove(const std::string& name, bool collect);

 private:
  struct Impl;
  const Channel& channel_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dokku::runtime
