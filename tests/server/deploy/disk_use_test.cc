#include "server/deploy/disk_use.h"

#include <fstream>

#include "deploy_fixture.h"
#include "runtime/digest/sha256.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class DiskUseTest : public DeployFixture {
 protected:
  void SetUp() override { boot_and_clean_up(); }
  runtime::LayerFile layer(const std::string& text, std::uint64_t bytes) {
    const fs::path file = directory_ / text;
    std::ofstream(file) << text;
    const auto digest = *runtime::Digest::parse(runtime::sha256_of(text));
    return {file, digest, digest, bytes, false};
  }
  void image(const std::string& ref, const std::vector<runtime::LayerFile>& layers) {
    ASSERT_TRUE(images_.compose(*runtime::ImageRef::parse(ref), nullptr, layers, {}));
  }
  DiskReport report(const std::vector<App>& apps) { return *deploys_->disk_report(apps); }
};

TEST_F(DiskUseTest, SharedLayersAreToldFromAnAppsOwn) {
  const App shop = create("shop");
  const auto base = layer("base", 1000);
  image("dokku/stack/run:1", {base});
  image("dokku/blog:r1", {base, layer("blog one", 20)});
  image("dokku/blog:r2", {base, layer("blog two", 3)});
  image("dokku/shop:r1", {base});
  const DiskReport seen = report({shop, *app_});
  ASSERT_EQ(seen.use.apps.size(), 2U);
  const AppDiskUse& blog = seen.use.apps[0];  // the larger first
  EXPECT_EQ(blog.app, "blog");
  EXPECT_EQ(blog.images_own, 46U);  // packed and unpacked
  EXPECT_EQ(blog.images_shared, 2000U);
  EXPECT_EQ(seen.use.apps[1].images_own, 0U);
  EXPECT_EQ(seen.use.server.images, 2046U);  // each layer once
}

TEST_F(DiskUseTest, FoldersCountForTheirApp) {
  write_file(instance_.sources_dir() / "blog/a.tar.zst", 1 << 20);
  write_file(app_cache(instance_, "blog") / "packs/current/x", 2 << 20);
  write_file(instance_.logs_dir() / "blog/web.1/x.log", 3 << 20);
  write_file(instance_.storage_dir() / "uploads/picture", 4 << 20);
  write_file(instance_.cache_dir() / "packs/one", 1 << 20);
  ASSERT_TRUE(store_->write([&](WriteTx& tx) {
    return set_property(tx, app_->id, kStorageMounts, "uploads:/data\nuploads:/again:ro\n");
  }));
  const DiskReport seen = report({*app_});
  const AppDiskUse& blog = seen.use.apps.front();
  const auto about = [](std::uint64_t bytes) { return (bytes + (1 << 19)) >> 20; };
  EXPECT_EQ(about(blog.sources), 1U);
  EXPECT_EQ(about(blog.cache), 2U);
  EXPECT_EQ(about(blog.logs), 3U);
  EXPECT_EQ(about(blog.volumes), 4U);  // once, though mounted twice
  EXPECT_EQ(about(blog.own()), 6U);    // volumes are people's, and stay when the app goes
  EXPECT_EQ(about(seen.use.server.packs), 1U);
  EXPECT_GT(seen.use.server.database, 0U);
}

TEST_F(DiskUseTest, OneFileSystemIsOnePlace) {
  const DiskReport seen = report({});
  ASSERT_FALSE(seen.places.empty());
  EXPECT_EQ(seen.places[0].where, instance_.state_dir.string());
  EXPECT_GT(seen.places[0].floor_bytes, 0U);
}

}  // namespace
}  // namespace dokku::server
