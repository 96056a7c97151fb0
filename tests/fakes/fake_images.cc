#include "tests/fakes/fake_images.h"

#include <system_error>

#include "base/io.h"
#include "runtime/digest/sha256.h"

namespace dokku::testing {

using runtime::Digest;
using runtime::ImageConfig;
using runtime::ImageInfo;
using runtime::ImageRef;
using runtime::ImageUsage;
using runtime::LayerFile;

namespace {

constexpr std::size_t kLayerBytesKept = 1 << 20;

Fail no_image(const std::string& ref) { return fail(Errc::not_found, "no image '" + ref + "'"); }

// A stand-in for the manifest: the same input gives the same digest, another input another one.
Digest digest_of(const std::vector<LayerFile>& layers, const ImageConfig& config) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += part + '\0'; };
  for (const LayerFile& layer : layers) add(layer.digest.str());
  for (const auto& [key, value] : config.env) add("env " + key + "=" + value);
  for (const std::string& part : config.entrypoint) add("entrypoint " + part);
  for (const std::string& part : config.cmd) add("cmd " + part);
  for (const auto& [key, value] : config.labels) add("label " + key + "=" + value);
  add(config.user);
  add(config.working_dir);
  return *Digest::parse(runtime::sha256_of(text));
}

}  // namespace

Result<ImageInfo> FakeImages::compose(const ImageRef& ref, const ImageRef* base,
                                      const std::vector<LayerFile>& more,
                                      const ImageConfig& config) {
  return state_.with([&](State& state) -> Result<ImageInfo> {
    std::vector<LayerFile> layers;
    if (base != nullptr) {
      const auto found = state.images.find(base->str());
      if (found == state.images.end()) return no_image(base->str());
      layers = found->second.layers;
    }
    for (LayerFile layer : more) {
      std::error_code ignored;
      const bool here = !layer.path.empty() && std::filesystem::exists(layer.path, ignored);
      if (!here && !state.blobs.contains(layer.digest.str())) {
        return fail(Errc::not_found, "no layer " + layer.digest.str());
      }
      if (here) {
        const Result<std::string> bytes = read_file(layer.path, kLayerBytesKept);
        if (bytes) state.bytes[layer.digest.str()] = *bytes;
      }
      layer.path.clear();
      state.blobs[layer.digest.str()] = layer.size_bytes;
      layers.push_back(std::move(layer));
    }
    ImageInfo info{ref, digest_of(layers, config), config, layers, 0};
    for (const LayerFile& layer : layers) info.size_bytes += layer.size_bytes;
    state.images.insert_or_assign(ref.str(), info);
    return info;
  });
}

Result<ImageInfo> FakeImages::inspect(const ImageRef& ref) {
  return state_.with([&](State& state) -> Result<ImageInfo> {
    const auto found = state.images.find(ref.str());
    if (found == state.images.end()) return no_image(ref.str());
    return found->second;
  });
}

Result<std::vector<ImageRef>> FakeImages::list(const std::string& prefix) {
  return state_.with([&](State& state) {
    std::vector<ImageRef> refs;
    for (const auto& [name, info] : state.images) {
      if (name.starts_with(prefix)) refs.push_back(info.ref);
    }
    return refs;
  });
}

Result<> FakeImages::tag(const ImageRef& from, const ImageRef& to) {
  return state_.with([&](State& state) -> Result<> {
    const auto found = state.images.find(from.str());
    if (found == state.images.end()) return no_image(from.str());
    ImageInfo copy = found->second;
    copy.ref = to;
    state.images.insert_or_assign(to.str(), std::move(copy));
    return {};
  });
}

Result<> FakeImages::remove(const ImageRef& ref, bool collect) {
  state_.with([&](State& state) {
    state.images.erase(ref.str());
    if (collect) collect_blobs(state);
  });
  return {};
}

void FakeImages::collect_blobs(State& state) {
  std::set<std::string> used;
  for (const auto& [name, info] : state.images) {
    for (const LayerFile& layer : info.layers) used.insert(layer.digest.str());
  }
  std::erase_if(state.blobs, [&](const auto& blob) { return !used.contains(blob.first); });
}

Result<ImageUsage> FakeImages::usage() {
  return state_.with([](State& state) {
    ImageUsage usage;
    for (const auto& [digest, size] : state.blobs) usage.content_bytes += size;
    usage.snapshot_bytes = usage.content_bytes;
    return usage;
  });
}

Result<std::vector<runtime::StoredImage>> FakeImages::stored() {
  return state_.with([](State& state) {
    std::vector<runtime::StoredImage> all;
    for (const auto& [name, info] : state.images) {
      runtime::StoredImage image{info.ref, {}};
      std::string id;  // of a layer and all below it
      for (const LayerFile& layer : info.layers) {
        id = runtime::sha256_of(id + layer.digest.str());
        image.layers.push_back({id, layer.size_bytes, layer.size_bytes});
      }
      all.push_back(std::move(image));
    }
    return all;
  });
}

Result<> FakeImages::collect() {
  state_.with([](State& state) { collect_blobs(state); });
  return {};
}

Result<> FakeImages::read_layer(const Digest& digest,
                                const std::function<Result<>(std::string_view)>& take) {
  const auto bytes = state_.with([&](State& state) -> Result<std::string> {
    const auto found = state.bytes.find(digest.str());
    if (found == state.bytes.end()) return fail(Errc::not_found, "no layer " + digest.str());
    return found->second;
  });
  if (!bytes) return Fail(bytes.error());
  return take(*bytes);
}

void FakeImages::add(const std::string& ref) {
  const ImageRef name = *ImageRef::parse(ref);
  state_.with([&](State& state) {
    state.images.insert_or_assign(ref, ImageInfo{name, digest_of({}, {}), {}, {}, 0});
  });
}

}  // namespace dokku::testing
