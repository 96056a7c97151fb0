#include "base/io.h"
#include "tests/runtime/containerd/contract.h"
#include "tests/runtime/containerd/layer_writer.h"

namespace dokku::testing {
namespace {

template <class Backend>
class ImagesContract : public Contract<Backend> {};
TYPED_TEST_SUITE(ImagesContract, Backends, BackendNames);

class LayerDirectory {
 public:
  LayerDirectory() {
    char name[] = "/tmp/dokku-layers-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~LayerDirectory() { std::filesystem::remove_all(path_); }
  runtime::LayerFile layer(const std::string& content, bool zstd = false) const {
    return write_layer(path_ / (content + ".tar"), {{"file-" + content, 0644, content}}, zstd);
  }

 private:
  std::filesystem::path path_;
};

TYPED_TEST(ImagesContract, TheSameInputIsTheSameImage) {
  const LayerDirectory directory;
  const std::vector layers{directory.layer("same"), directory.layer("same-zstd", true)};
  const runtime::ImageConfig config{{{"PATH", "/bin"}}, {"/init"}, {}, "32767", "/app"};
  const ImageRef one = *ImageRef::parse("test/one:1");
  const ImageRef two = *ImageRef::parse("test/two:1");
  const auto first = this->i().compose(one, nullptr, layers, config);
  ASSERT_EQ(this->error_of(first), "");
  const auto second = this->i().compose(two, nullptr, layers, config);
  ASSERT_EQ(this->error_of(second), "");
  EXPECT_EQ(first->manifest, second->manifest);
  const auto found = this->i().inspect(two);
  ASSERT_EQ(this->error_of(found), "");
  EXPECT_EQ(found->manifest, first->manifest);
  EXPECT_EQ(found->config.env, config.env);
  ASSERT_EQ(found->layers.size(), 2U);
  EXPECT_EQ(found->layers[1].diff_id, layers[1].diff_id);
  EXPECT_TRUE(found->layers[1].zstd);
  auto other_config = config;
  other_config.env["PATH"] = "/sbin";
  const auto third = this->i().compose(two, nullptr, layers, other_config);
  ASSERT_EQ(this->error_of(third), "");
  EXPECT_NE(third->manifest, first->manifest);
  EXPECT_EQ(this->i().inspect(two)->manifest, third->manifest);
  for (const ImageRef& ref : {one, two}) EXPECT_TRUE(this->i().remove(ref, true).has_value());
}

TYPED_TEST(ImagesContract, LayersThatTheStoreHasNeedNoFile) {
  const LayerDirectory directory;
  runtime::LayerFile layer = directory.layer("kept");
  const ImageRef base = *ImageRef::parse("test/base:1");
  const ImageRef top = *ImageRef::parse("test/top:1");
  ASSERT_EQ(this->error_of(this->i().compose(base, nullptr, {layer}, {})), "");
  const auto made = this->i().compose(top, &base, {directory.layer("app")}, {});
  ASSERT_EQ(this->error_of(made), "");
  ASSERT_EQ(made->layers.size(), 2U);
  EXPECT_EQ(made->layers[0].digest, layer.digest);
  layer.path.clear();
  EXPECT_EQ(this->error_of(this->i().compose(top, nullptr, {layer}, {})), "");
  for (const ImageRef& ref : {base, top}) EXPECT_TRUE(this->i().remove(ref, true).has_value());
}

TYPED_TEST(ImagesContract, MissingLayersAndBasesAreNotFound) {
  const LayerDirectory directory;
  runtime::LayerFile layer = directory.layer("never-sent");
  layer.path.clear();
  const ImageRef ref = *ImageRef::parse("test/broken:1");
  EXPECT_EQ(this->code_of(this->i().compose(ref, nullptr, {layer}, {})), Errc::not_found);
  EXPECT_EQ(this->code_of(this->i().compose(ref, &ref, {}, {})), Errc::not_found);
  EXPECT_EQ(this->code_of(this->i().inspect(ref)), Errc::not_found);
  EXPECT_EQ(this->code_of(this->i().tag(ref, ref)), Errc::not_found);
  EXPECT_TRUE(this->i().remove(ref, false).has_value());
}

TYPED_TEST(ImagesContract, TagsAreNamesAndListHasPrefixes) {
  const LayerDirectory directory;
  const ImageRef one = *ImageRef::parse("tags/a:1");
  const ImageRef two = *ImageRef::parse("tags/b:1");
  ASSERT_EQ(this->error_of(this->i().compose(one, nullptr, {directory.layer("tagged")}, {})), "");
  ASSERT_EQ(this->error_of(this->i().tag(one, two)), "");
  EXPECT_EQ(this->i().inspect(one)->manifest, this->i().inspect(two)->manifest);
  EXPECT_EQ(this->i().list("tags/")->size(), 2U);
  ASSERT_TRUE(this->i().remove(one, true).has_value());
  EXPECT_EQ(*this->i().list("tags/"), std::vector{two});
  EXPECT_TRUE(this->i().inspect(two).has_value());
  EXPECT_TRUE(this->i().remove(two, true).has_value());
}

TYPED_TEST(ImagesContract, WhatHasNoNameIsCollected) {
  const LayerDirectory directory;
  const auto before = this->i().usage();
  ASSERT_EQ(this->error_of(before), "");
  const ImageRef ref = *ImageRef::parse("test/collected:1");
  ASSERT_EQ(this->error_of(this->i().compose(ref, nullptr, {directory.layer("garbage")}, {})), "");
  EXPECT_GT(this->i().usage()->content_bytes, before->content_bytes);
  ASSERT_TRUE(this->i().remove(ref, true).has_value());
  EXPECT_EQ(this->i().usage()->content_bytes, before->content_bytes);
}

TYPED_TEST(ImagesContract, StoredImagesShareTheLayersThatTheyShare) {
  const LayerDirectory directory;
  const ImageRef base = *ImageRef::parse("stored/base:1");
  const ImageRef top = *ImageRef::parse("stored/top:1");
  ASSERT_EQ(this->error_of(this->i().compose(base, nullptr, {directory.layer("shared")}, {})), "");
  ASSERT_EQ(this->error_of(this->i().compose(top, &base, {directory.layer("own")}, {})), "");
  const auto all = this->i().stored();
  ASSERT_EQ(this->error_of(all), "");
  const auto layers_of = [&](const ImageRef& ref) {
    for (const runtime::StoredImage& image : *all) {
      if (image.ref == ref) return image.layers;
    }
    return std::vector<runtime::StoredLayer>();
  };
  const auto below = layers_of(base), above = layers_of(top);
  ASSERT_EQ(below.size(), 1U);
  ASSERT_EQ(above.size(), 2U);
  EXPECT_EQ(above[0].id, below[0].id);
  EXPECT_NE(above[1].id, below[0].id);
  EXPECT_GT(above[1].packed_bytes, 0U);
  EXPECT_GT(above[1].unpacked_bytes, 0U);
  for (const ImageRef& ref : {base, top}) EXPECT_TRUE(this->i().remove(ref, true).has_value());
}

TYPED_TEST(ImagesContract, TheCollectorTakesWhatWasRemovedWithoutWaiting) {
  const LayerDirectory directory;
  const auto before = this->i().usage();
  const ImageRef ref = *ImageRef::parse("test/later:1");
  ASSERT_EQ(this->error_of(this->i().compose(ref, nullptr, {directory.layer("later")}, {})), "");
  ASSERT_TRUE(this->i().remove(ref, false).has_value());
  ASSERT_EQ(this->error_of(this->i().collect()), "");
  EXPECT_EQ(this->i().usage()->content_bytes, before->content_bytes);
}

TYPED_TEST(ImagesContract, ALayersBytesAreThoseThatWereGiven) {
  const LayerDirectory directory;
  const ImageRef ref = *ImageRef::parse("test/read:1");
  const runtime::LayerFile layer = directory.layer("read");
  ASSERT_EQ(this->error_of(this->i().compose(ref, nullptr, {layer}, {})), "");
  std::string bytes;
  const auto take = [&](std::string_view piece) -> Result<> {
    bytes += piece;
    return {};
  };
  ASSERT_EQ(this->error_of(this->i().read_layer(layer.digest, take)), "");
  EXPECT_EQ(bytes, *read_file(layer.path));
  const auto stop = [](std::string_view) -> Result<> { return fail(Errc::cancelled, "enough"); };
  EXPECT_EQ(this->i().read_layer(layer.digest, stop).error().message(), "enough");
  const runtime::Digest nobodys = *runtime::Digest::parse("sha256:" + std::string(64, '7'));
  EXPECT_EQ(this->i().read_layer(nobodys, take).error().code(), Errc::not_found);
}

}  // namespace
}  // namespace dokku::testing
