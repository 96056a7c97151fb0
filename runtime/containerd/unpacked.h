// What is in an image: its manifest, configuration and the snapshot it becomes.
//
// Read from the content store once per manifest digest, since blobs never change; a few are kept.
// Internal to this folder. Threads: any.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "runtime/containerd/content.h"
#include "runtime/oci/image_spec.h"

namespace dokku::runtime {

struct ImageParts {
  oci::Manifest manifest;
  oci::ConfigFile config;
  std::vector<std::string> chain;  // snapshot names, bottom first

  // Of the topmost snapshot; empty for an image without layers.
  std::string top() const { return chain.empty() ? "" : chain.back(); }
};

class Unpacked {
 public:
  explicit Unpacked(Content& content) : content_(content) {}

  // invalid_argument: not an image of the kind that we make or understand.
  Result<std::shared_ptr<const ImageParts>> read(const std::string& manifest_digest);
  void keep(const std::string& manifest_digest, std::shared_ptr<const ImageParts> parts);

 private:
  static constexpr std::size_t kKeptMax = 64;
  Content& content_;
  Guarded<std::map<std::string, std::shared_ptr<const ImageParts>>> kept_;
};

}  // namespace dokku::runtime
