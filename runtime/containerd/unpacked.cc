#include "runtime/containerd/unpacked.h"

#include <utility>

namespace dokku::runtime {

namespace {

// Images that others made may use digests of other kinds.
Result<> check_digests(const ImageParts& parts) {
  if (parts.manifest.layers.size() != parts.config.diff_ids.size()) {
    return fail(Errc::invalid_argument, "its layers do not add up");
  }
  for (const oci::Descriptor& layer : parts.manifest.layers) TRY(Digest::parse(layer.digest));
  for (const std::string& diff_id : parts.config.diff_ids) TRY(Digest::parse(diff_id));
  return {};
}

}  // namespace

Result<std::shared_ptr<const ImageParts>> Unpacked::read(const std::string& manifest_digest) {
  auto known = kept_.with([&](auto& kept) -> std::shared_ptr<const ImageParts> {
    const auto found = kept.find(manifest_digest);
    return found == kept.end() ? nullptr : found->second;
  });
  if (known != nullptr) return known;
  const std::string manifest_text = TRY(content_.get(manifest_digest));
  auto parts = std::make_shared<ImageParts>();
  parts->manifest = TRY(oci::parse_manifest(manifest_text));
  const std::string config_text = TRY(content_.get(parts->manifest.config.digest));
  parts->config = TRY(oci::parse_config(config_text));
  Result<> checked = check_digests(*parts);
  if (!checked) return Fail(std::move(checked).error().while_("image " + manifest_digest));
  parts->chain = oci::chain_ids(parts->config.diff_ids);
  keep(manifest_digest, parts);
  return parts;
}

void Unpacked::keep(const std::string& manifest_digest, std::shared_ptr<const ImageParts> parts) {
  kept_.with([&](auto& kept) {
    if (kept.size() >= kKeptMax) kept.clear();  // read again when asked for; not worth an order
    kept.insert_or_assign(manifest_digest, std::move(parts));
  });
}

}  // namespace dokku::runtime
