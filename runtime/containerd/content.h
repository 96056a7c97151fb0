// containerd's content store: blobs by digest.
//
// Internal to this folder. Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::runtime {

class Channel;

struct BlobSpec {
  std::string digest;
  std::uint64_t size_bytes = 0;
  std::map<std::string, std::string> labels;  // what the collector follows from it
};

class Content {
 public:
  explicit Content(const Channel& channel);
  ~Content();

  // Both hold the blob by the lease, also when it was there already; nothing is sent then.
  Result<> put(const BlobSpec& blob, std::string_view bytes, const std::string& lease);
  // not_found: the store does not have it, and `path` is empty or no file.
  Result<> put_file(const BlobSpec& blob, const std::filesystem::path& path,
                    const std::string& lease);
  // limit_exceeded: more than 4 MiB, which no manifest or configuration has.
  Result<std::string> get(const std::string& digest);
  // A blob of any size, piece by piece. Each piece is a call of its own, so that whoever takes them
  // may be slow.
  Result<> read(const std::string& digest, const std::function<Result<>(std::string_view)>& take);
  Result<std::uint64_t> usage_bytes();

 private:
  struct Impl;
  const Channel& channel_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dokku::runtime
