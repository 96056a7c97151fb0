// Images over containerd: content, snapshots and names put together.
#include <atomic>
#include <utility>

#include "github.com/containerd/containerd/api/services/diff/v1/diff.grpc.pb.h"
#include "runtime/containerd/lease.h"
#include "runtime/containerd/session.h"
#include "runtime/digest/sha256.h"

namespace dokku::runtime {
namespace {

// An image's two small blobs.
struct ImageTexts {
  std::string config_json, manifest_json;
  oci::Descriptor manifest;
};

// Writes both, and completes `parts` with the configuration's descriptor.
ImageTexts describe(ImageParts& parts) {
  ImageTexts texts;
  texts.config_json = oci::config_json(parts.config);
  parts.manifest.config = {oci::kConfigType, sha256_of(texts.config_json),
                           texts.config_json.size()};
  texts.manifest_json = oci::manifest_json(parts.manifest);
  texts.manifest = {oci::kManifestType, sha256_of(texts.manifest_json), texts.manifest_json.size()};
  return texts;
}

class ContainerdImages : public Images {
 public:
  explicit ContainerdImages(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  Result<ImageInfo> compose(const ImageRef& ref, const ImageRef* base,
                            const std::vector<LayerFile>& more, const ImageConfig& config) override;
  Result<ImageInfo> inspect(const ImageRef& ref) override;
  Result<std::vector<ImageRef>> list(const std::string& prefix) override;
  Result<> tag(const ImageRef& from, const ImageRef& to) override;
  Result<> remove(const ImageRef& ref, bool collect) override {
    return session_->image_names.remove(ref.str(), collect);
  }
  Result<ImageUsage> usage() override;
  Result<std::vector<StoredImage>> stored() override;
  Result<> collect() override { return run_collector(session_->channel); }
  Result<> read_layer(const Digest& digest,
                      const std::function<Result<>(std::string_view)>& take) override {
    return session_->content.read(digest.str(), take);
  }

 private:
  Result<> put_layers(const ImageParts& parts, const std::vector<LayerFile>& more,
                      const Lease& lease);
  Result<bool> is_complete(const ImageRef& ref, const oci::Descriptor& manifest,
                           const ImageParts& parts);
  Result<> put_texts(const ImageParts& parts, const ImageTexts& texts, const Lease& lease);
  Result<> unpack(const ImageParts& parts, const Lease& lease);
  Result<> unpack_layer(const ImageParts& parts, std::size_t index, const Lease& lease);
  Result<std::string> apply(const oci::Descriptor& layer, const std::vector<SnapshotMount>& mounts);

  std::shared_ptr<Session> session_;
  std::atomic<unsigned> extractions_{0};
};

ImageInfo info_of(const ImageRef& ref, const oci::Descriptor& manifest, const ImageParts& parts) {
  // All digests were checked when the parts were read or given.
  ImageInfo info{ref, *Digest::parse(manifest.digest), parts.config.config, {}, 0};
  info.size_bytes = manifest.size_bytes + parts.manifest.config.size_bytes;
  for (std::size_t i = 0; i < parts.chain.size(); ++i) {
    const oci::Descriptor& layer = parts.manifest.layers[i];
    info.layers.push_back({{},
                           *Digest::parse(layer.digest),
                           *Digest::parse(parts.config.diff_ids[i]),
                           layer.size_bytes,
                           layer.media_type == oci::kZstdType});
    info.size_bytes += layer.size_bytes;
  }
  return info;
}

// --- compose, step by step

Result<ImageInfo> ContainerdImages::compose(const ImageRef& ref, const ImageRef* base,
                                            const std::vector<LayerFile>& more,
                                            const ImageConfig& config) {
  auto parts = std::make_shared<ImageParts>();
  if (base != nullptr) {
    const oci::Descriptor base_manifest = TRY(session_->image_names.get(base->str()));
    const auto base_parts = TRY(session_->unpacked.read(base_manifest.digest));
    parts->manifest.layers = base_parts->manifest.layers;
    parts->config.diff_ids = base_parts->config.diff_ids;
  }
  for (const LayerFile& layer : more) {
    parts->manifest.layers.push_back(
        {oci::layer_type(layer), layer.digest.str(), layer.size_bytes});
    parts->config.diff_ids.push_back(layer.diff_id.str());
  }
  parts->config.config = config;
  parts->chain = oci::chain_ids(parts->config.diff_ids);
  const ImageTexts texts = describe(*parts);
  const oci::Descriptor& manifest = texts.manifest;

  const bool unchanged = TRY(is_complete(ref, manifest, *parts));
  if (unchanged) return info_of(ref, manifest, *parts);
  const Lease lease = TRY(Lease::create(session_->channel));
  TRY(put_layers(*parts, more, lease));
  TRY(put_texts(*parts, texts, lease));
  TRY(unpack(*parts, lease));
  // From here on the name holds it all, and the lease may go.
  TRY(session_->image_names.set(ref.str(), manifest));
  session_->unpacked.keep(manifest.digest, parts);
  return info_of(ref, manifest, *parts);
}

// Each write costs the store several syncs to disk, so that looking first is worth it.
Result<bool> ContainerdImages::is_complete(const ImageRef& ref, const oci::Descriptor& manifest,
                                           const ImageParts& parts) {
  const Result<oci::Descriptor> named = session_->image_names.get(ref.str());
  if (!named && named.error().code() != Errc::not_found) return Fail(named.error());
  if (!named || named->digest != manifest.digest) return false;
  return parts.chain.empty() ? true : session_->snapshots.exists(parts.top());
}

// Those of the base are held by its name, which must stay for the time of the call.
Result<> ContainerdImages::put_layers(const ImageParts& parts, const std::vector<LayerFile>& more,
                                      const Lease& lease) {
  const std::size_t base_count = parts.manifest.layers.size() - more.size();
  for (std::size_t i = 0; i < more.size(); ++i) {
    const BlobSpec blob{more[i].digest.str(),
                        more[i].size_bytes,
                        {{"containerd.io/uncompressed", parts.config.diff_ids[base_count + i]}}};
    TRY(session_->content.put_file(blob, more[i].path, lease.id()));
  }
  return {};
}

// The labels are what the collector follows: manifest to config and layers, config to snapshot.
Result<> ContainerdImages::put_texts(const ImageParts& parts, const ImageTexts& texts,
                                     const Lease& lease) {
  const oci::Descriptor& config = parts.manifest.config;
  BlobSpec blob{config.digest, config.size_bytes, {}};
  if (!parts.chain.empty()) {
    blob.labels["containerd.io/gc.ref.snapshot." + session_->snapshots.snapshotter()] = parts.top();
  }
  TRY(session_->content.put(blob, texts.config_json, lease.id()));
  blob = {texts.manifest.digest,
          texts.manifest.size_bytes,
          {{"containerd.io/gc.ref.content.config", config.digest}}};
  for (std::size_t i = 0; i < parts.manifest.layers.size(); ++i) {
    blob.labels["containerd.io/gc.ref.content.l." + std::to_string(i)] =
        parts.manifest.layers[i].digest;
  }
  return session_->content.put(blob, texts.manifest_json, lease.id());
}

// From the topmost snapshot that is there already.
Result<> ContainerdImages::unpack(const ImageParts& parts, const Lease& lease) {
  std::size_t missing = parts.chain.size();
  while (missing > 0) {
    const bool there = TRY(session_->snapshots.exists(parts.chain[missing - 1]));
    if (there) break;
    --missing;
  }
  for (std::size_t i = missing; i < parts.chain.size(); ++i) TRY(unpack_layer(parts, i, lease));
  return {};
}

Result<> ContainerdImages::unpack_layer(const ImageParts& parts, std::size_t index,
                                        const Lease& lease) {
  Snapshots& snapshots = session_->snapshots;
  const std::string key = lease.id() + "-extract-" + std::to_string(++extractions_);
  const std::string parent = index == 0 ? "" : parts.chain[index - 1];
  const auto mounts = TRY(snapshots.prepare(key, parent, lease.id()));
  const Result<std::string> diff_id = apply(parts.manifest.layers[index], mounts);
  Result<> done;
  if (!diff_id) {
    done = Fail(diff_id.error());
  } else if (*diff_id != parts.config.diff_ids[index]) {
    done = fail(Errc::invalid_argument, "layer " + parts.manifest.layers[index].digest +
                                            " unpacks to " + *diff_id + ", not to " +
                                            parts.config.diff_ids[index]);
  } else {
    done = snapshots.commit(key, parts.chain[index], lease.id());
  }
  if (done) return {};
  const Result<> removed = snapshots.remove(key);  // else the end of the lease removes it
  // Somebody else was faster: theirs is as good.
  if (done.error().code() == Errc::already_exists) return {};
  return done;
}

Result<std::string> ContainerdImages::apply(const oci::Descriptor& layer,
                                            const std::vector<SnapshotMount>& mounts) {
  namespace api = containerd::services::diff::v1;
  api::Diff::Stub stub(session_->channel.grpc());
  api::ApplyRequest request;
  request.mutable_diff()->set_media_type(layer.media_type);
  request.mutable_diff()->set_digest(layer.digest);
  request.mutable_diff()->set_size(static_cast<std::int64_t>(layer.size_bytes));
  for (const SnapshotMount& from : mounts) {
    auto& mount = *request.add_mounts();
    mount.set_type(from.type);
    mount.set_source(from.source);
    for (const std::string& option : from.options) mount.add_options(option);
  }
  api::ApplyResponse response;
  TRY(session_->channel.call(
      "unpacking a layer", {.limit = std::chrono::minutes(10)},
      [&](grpc::ClientContext* context) { return stub.Apply(context, request, &response); }));
  return response.applied().digest();
}

// --- the rest

Result<ImageInfo> ContainerdImages::inspect(const ImageRef& ref) {
  const oci::Descriptor manifest = TRY(session_->image_names.get(ref.str()));
  const auto parts = TRY(session_->unpacked.read(manifest.digest));
  return info_of(ref, manifest, *parts);
}

Result<std::vector<ImageRef>> ContainerdImages::list(const std::string& prefix) {
  std::vector<ImageRef> refs;
  const auto images = TRY(session_->image_names.list());
  for (const auto& [name, manifest] : images) {
    if (!name.starts_with(prefix)) continue;
    const Result<ImageRef> ref = ImageRef::parse(name);
    if (ref) refs.push_back(*ref);  // others were not named by us
  }
  return refs;
}

Result<> ContainerdImages::tag(const ImageRef& from, const ImageRef& to) {
  const oci::Descriptor manifest = TRY(session_->image_names.get(from.str()));
  return session_->image_names.set(to.str(), manifest);
}

Result<ImageUsage> ContainerdImages::usage() {
  ImageUsage usage;
  usage.content_bytes = TRY(session_->content.usage_bytes());
  const std::map<std::string, std::uint64_t> sizes = TRY(session_->snapshots.sizes());
  for (const auto& [name, bytes] : sizes) usage.snapshot_bytes += bytes;
  return usage;
}

Result<std::vector<StoredImage>> ContainerdImages::stored() {
  const auto names = TRY(session_->image_names.list());
  const std::map<std::string, std::uint64_t> sizes = TRY(session_->snapshots.sizes());
  std::vector<StoredImage> all;
  for (const auto& [name, manifest] : names) {
    const Result<ImageRef> ref = ImageRef::parse(name);
    const auto parts = session_->unpacked.read(manifest.digest);
    if (!ref || !parts) continue;
    StoredImage image{*ref, {}};
    for (std::size_t i = 0; i < (*parts)->chain.size(); ++i) {
      const std::string& id = (*parts)->chain[i];
      const auto unpacked = sizes.find(id);
      image.layers.push_back({id, (*parts)->manifest.layers[i].size_bytes,
                              unpacked == sizes.end() ? 0 : unpacked->second});
    }
    all.push_back(std::move(image));
  }
  return all;
}

}  // namespace

std::unique_ptr<Images> make_images(std::shared_ptr<Session> session) {
  return std::make_unique<ContainerdImages>(std::move(session));
}

}  // namespace dokku::runtime
