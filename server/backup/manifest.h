// Manifest: the first member of a backup, what is in it. JSON; docs/formats.md has the shape.
//
// Pure. Errors: invalid_argument names the key; nothing in it is believed beyond its form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::server {

inline constexpr std::size_t kManifestBytesMax = 16 << 20;

struct BackupApp {
  std::string name;
  std::uint64_t release = 0;  // the live one; 0: never deployed
  std::vector<std::string> volumes;
  bool repository = false;
  friend bool operator==(const BackupApp&, const BackupApp&) = default;
};

// An image that kept releases run. Its layers are members "blob/sha256:…", each once.
struct BackupImage {
  std::string app;
  std::string ref;       // "dokku/blog:r3"
  std::string manifest;  // digest, to be the same after it was put together again
  runtime::ImageConfig config;
  std::vector<runtime::LayerFile> layers;  // bottom first; paths empty
};

struct BackupManifest {
  enum class Kind { server, app };
  Kind kind = Kind::server;
  std::int64_t made_at = 0;  // seconds since 1970
  std::string instance;
  std::string machine;  // "x86_64"
  int schema = 0;
  std::vector<std::string> domains;  // the global ones
  std::vector<BackupApp> apps;
  std::vector<BackupImage> images;
  // Names of global config that an exported app was running with and that is not in the file.
  std::vector<std::string> global_config;
  std::uint64_t bytes = 0;  // of all that follows, about: volumes change while they are read
};

std::string write_manifest(const BackupManifest& manifest);
Result<BackupManifest> parse_manifest(std::string_view text);

}  // namespace dokku::server
