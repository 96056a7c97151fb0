#include "server/backup/manifest.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

BackupManifest example() {
  BackupManifest manifest;
  manifest.made_at = 1'700'000'000;
  manifest.instance = "t1";
  manifest.machine = "x86_64";
  manifest.schema = 5;
  manifest.domains = {"a.example"};
  manifest.apps = {{"blog", 3, {"data"}, true}, {"shop", 0, {}, false}};
  BackupImage image{"blog", "dokku/blog:r3", "sha256:" + std::string(64, 'a'), {}, {}};
  image.config.env = {{"PATH", "/usr/bin"}};
  image.config.cmd = {"web"};
  image.layers.push_back({{},
                          *runtime::Digest::parse("sha256:" + std::string(64, 'b')),
                          *runtime::Digest::parse("sha256:" + std::string(64, 'c')),
                          42,
                          true});
  manifest.images.push_back(image);
  manifest.bytes = 4711;
  return manifest;
}

TEST(Manifest, ComesBack) {
  const BackupManifest manifest = example();
  const std::string text = write_manifest(manifest);
  const auto back = parse_manifest(text);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->apps, manifest.apps);
  EXPECT_EQ(back->images[0].layers[0].diff_id, manifest.images[0].layers[0].diff_id);
  EXPECT_EQ(write_manifest(*back), text);
}

TEST(Manifest, SaysWhichKeyIsNotAsItMustBe) {
  const auto why = [](std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    if (at != std::string::npos) text.replace(at, from.size(), to);
    const auto back = parse_manifest(text);
    return back ? std::string("read") : back.error().message();
  };
  const std::string text = write_manifest(example());
  const std::string of = "The backup's manifest: ";
  EXPECT_EQ(why(text, "{", "["), of + "it is no JSON");
  EXPECT_EQ(why("[]", "", ""), of + "no such kind: ");
  EXPECT_EQ(why(text, "\"server\"", "\"moon\""), of + "no such kind: moon");
  EXPECT_EQ(why(text, "4711", "\"4711\""), of + "bytes is missing or of another kind");
  EXPECT_EQ(why(text, "4711", "-1"), of + "bytes is missing or of another kind");
  EXPECT_EQ(why(text, "\"zstd\"", "\"zst\""), of + "layers: zstd is missing or of another kind");
  EXPECT_NE(why(text, "\"shop\"", "\"../shop\""), "read");
  EXPECT_EQ(why(text, "\"server\"", "\"app\""), of + "it is not of one app");
}

}  // namespace
}  // namespace dokku::server
