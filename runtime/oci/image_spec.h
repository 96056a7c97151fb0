// Image configuration and manifest as OCI image-spec JSON, and the names of layers on top of
// layers.
//
// Pure: no I/O; same input, same bytes, so equal images have equal digests. Threads: any.
// Source: OCI image-spec manifest.md, config.md. Errors: invalid_argument (text of another form).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::runtime::oci {

inline constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr const char* kTarType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* kZstdType = "application/vnd.oci.image.layer.v1.tar+zstd";

// The media type of a layer as a file of ours.
const char* layer_type(const LayerFile& layer);

struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size_bytes = 0;
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // bottom first
};

struct ConfigFile {
  ImageConfig config;
  std::vector<std::string> diff_ids;  // bottom first
};

std::string config_json(const ConfigFile& file);
std::string manifest_json(const Manifest& manifest);
Result<ConfigFile> parse_config(std::string_view text);
Result<Manifest> parse_manifest(std::string_view text);

// The snapshot names of each layer on all below it: the first is its diff id, then
// sha256(previous + " " + diff id).
std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids);

}  // namespace dokku::runtime::oci
