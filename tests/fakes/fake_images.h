// FakeImages: an image store in memory, for tests of what sits above a container runtime.
//
// Keeps names, configurations, layer digests and the bytes of small layers. Held to the same
// contract suite as the real one (tests/runtime/containerd). Threads: any.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "runtime/api/images.h"

namespace dokku::testing {

class FakeImages : public runtime::Images {
 public:
  Result<runtime::ImageInfo> compose(const runtime::ImageRef& ref, const runtime::ImageRef* base,
                                     const std::vector<runtime::LayerFile>& more,
                                     const runtime::ImageConfig& config) override;
  Result<runtime::ImageInfo> inspect(const runtime::ImageRef& ref) override;
  Result<std::vector<runtime::ImageRef>> list(const std::string& prefix) override;
  Result<> tag(const runtime::ImageRef& from, const runtime::ImageRef& to) override;
  Result<> remove(const runtime::ImageRef& ref, bool collect) override;
  Result<runtime::ImageUsage> usage() override;
  Result<std::vector<runtime::StoredImage>> stored() override;
  Result<> collect() override;
  Result<> read_layer(const runtime::Digest& digest,
                      const std::function<Result<>(std::string_view)>& take) override;

  // An image without layers, so that containers of it can be made.
  void add(const std::string& ref);

 private:
  struct State {
    std::map<std::string, runtime::ImageInfo> images;
    std::map<std::string, std::uint64_t> blobs;  // layer digest -> size
    std::map<std::string, std::string> bytes;    // layer digest -> content
  };
  static void collect_blobs(State& state);
  Guarded<State> state_;
};

}  // namespace dokku::testing
