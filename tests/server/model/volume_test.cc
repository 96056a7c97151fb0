#include "server/model/volume.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(Volume, TwoPathsAndAnOption) {
  const auto volume = Volume::parse("/var/lib/dokku/data/storage/blog:/app/data/:ro");
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->host, "/var/lib/dokku/data/storage/blog");
  EXPECT_EQ(volume->container, "/app/data");
  EXPECT_TRUE(volume->read_only);
  EXPECT_EQ(volume->str(), "/var/lib/dokku/data/storage/blog:/app/data:ro");
  const auto named = Volume::parse("blog:/data");
  ASSERT_TRUE(named);
  EXPECT_TRUE(named->is_name());
  EXPECT_FALSE(named->read_only);
}

TEST(Volume, WhatIsNoVolume) {
  for (const char* text : {"", "/a", "/a:", ":/a", "a b:/c", "/a:c", "/a:/b:z", "/a/../b:/c",
                           "/a:/b/../c", "/a//b:/c", "/a\n:/c", "/a:/b,ro", "../x:/c", "/a:/c:ro:x",
                           "./x:/c"}) {
    const auto volume = Volume::parse(text);
    ASSERT_FALSE(volume) << text;
    EXPECT_EQ(volume.error().message(),
              "Storage path must be two valid paths divided by colon.")
        << text;
  }
  for (const char* text : {"/a:/", "/a:/proc", "/a:/proc/self", "/a:/dev/shm", "/a:/.dokku",
                           "/a:/etc/hosts", "/a:/usr"}) {
    EXPECT_FALSE(Volume::parse(text)) << text;
  }
}

TEST(Volume, StorageFoldersAreThoseThatOnlyRootCanReplace) {
  const std::filesystem::path dir = "/var/lib/dokku/data/storage";
  const auto folder = [&](const std::string& host) {
    return storage_folder(*Volume::parse(host + ":/c"), dir);
  };
  EXPECT_EQ(folder("blog"), "blog");
  EXPECT_EQ(folder("/var/lib/dokku/data/storage/blog"), "blog");
  EXPECT_EQ(folder("/var/lib/dokku/data/storage/blog/"), "blog");
  EXPECT_EQ(folder("/var/lib/dokku/data/storage/blog/sub"), "");
  EXPECT_EQ(folder("/var/lib/dokku/data/storage"), "");
  EXPECT_EQ(folder("/etc"), "");
  EXPECT_EQ(host_path(*Volume::parse("blog:/c"), dir), dir / "blog");
}

TEST(Volume, LinesComeBackAsTheyWere) {
  const std::string lines = "/a:/b\nblog:/data:ro\n";
  EXPECT_EQ(write_volumes(parse_volumes(lines)), lines);
  EXPECT_EQ(parse_volumes("nonsense\n/a:/b").size(), 1U);
}

}  // namespace
}  // namespace dokku::server
