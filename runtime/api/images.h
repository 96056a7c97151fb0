// Images: named lists of layers with a configuration, as OCI describes them.
//
// Implemented by runtime/containerd and by tests/fakes. Threads: any; calls block.
// Errors: not_found, invalid_argument, unavailable, internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/names.h"

namespace dokku::runtime {

// A layer as a file: a tar, plain or zstd. Written reproducibly by buildstep/image.
struct LayerFile {
  std::filesystem::path path;  // may be empty when the store is known to have `digest`
  Digest digest;               // of the file's bytes
  Digest diff_id;              // of the uncompressed tar; equal to digest for a plain tar
  std::uint64_t size_bytes = 0;
  bool zstd = false;
};

// What a started container inherits (OCI image-spec config.md).
struct ImageConfig {
  std::map<std::string, std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string user;
  std::string working_dir;
  std::map<std::string, std::string> labels;
};

struct ImageInfo {
  ImageRef ref;
  Digest manifest;
  ImageConfig config;
  std::vector<LayerFile> layers;  // bottom first; paths empty
  std::uint64_t size_bytes = 0;   // of all blobs
};

struct ImageUsage {
  std::uint64_t content_bytes = 0;
  std::uint64_t snapshot_bytes = 0;  // of layers and of what containers wrote
};

// A layer as the store holds it, together with those below it. Equal ids are stored once.
struct StoredLayer {
  std::string id;
  std::uint64_t packed_bytes = 0;    // as a blob
  std::uint64_t unpacked_bytes = 0;  // as containers see it; without those below
};
struct StoredImage {
  ImageRef ref;
  std::vector<StoredLayer> layers;  // bottom first
};

class Images {
 public:
  virtual ~Images() = default;

  // An image of the layers of `base` (none: from nothing) and `more` on top, unpacked and named
  // `ref` (replaced if it exists). Same input, same manifest digest. Layers that the store already
  // has are not sent again. `base` must keep its name for the time of the call.
  virtual Result<ImageInfo> compose(const ImageRef& ref, const ImageRef* base,
                                    const std::vector<LayerFile>& more,
                                    const ImageConfig& config) = 0;
  virtual Result<ImageInfo> inspect(const ImageRef& ref) = 0;
  virtual Result<std::vector<ImageRef>> list(const std::string& prefix) = 0;
  // Another name for the same image.
  virtual Result<> tag(const ImageRef& from, const ImageRef& to) = 0;
  // Removing a name that is not there is success. `collect`: wait until blobs are gone.
  virtual Result<> remove(const ImageRef& ref, bool collect) = 0;
  virtual Result<ImageUsage> usage() = 0;
  // What each named image takes. One that goes meanwhile is left out.
  virtual Result<std::vector<StoredImage>> stored() = 0;
  // Waits until blobs and layers that no name, container or composing needs are gone.
  virtual Result<> collect() = 0;
  // The bytes of a layer of an image that keeps its name for the time of the call, piece by piece;
  // an error of `take` ends it. not_found: no such layer.
  virtual Result<> read_layer(const Digest& digest,
                              const std::function<Result<>(std::string_view)>& take) = 0;
};

}  // namespace dokku::runtime
