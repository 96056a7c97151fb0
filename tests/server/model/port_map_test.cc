#include "server/model/port_map.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

std::string complaint(const std::string& text) {
  const Result<PortMap> map = PortMap::parse(text);
  return map ? "" : map.error().message();
}

TEST(PortMap, IsReadAndWritten) {
  for (const char* text : {"http:80:5000", "https:443:5000", "grpc:9000:9000", "grpcs:8443:1"}) {
    const Result<PortMap> map = PortMap::parse(text);
    ASSERT_TRUE(map) << text;
    EXPECT_EQ(map->text(), text);
  }
}

TEST(PortMap, IsRefusedInDokkusWords) {
  EXPECT_EQ(complaint("http:80"), "Invalid port map http:80 [len=2]");
  EXPECT_EQ(complaint("80"), "Invalid port map 80 [len=1]");
  EXPECT_EQ(complaint("http:80:5000:1"), "Invalid port map http:80:5000:1 [len=4]");
  for (const char* bad : {"ftp:80:5000", "http:0:5000", "http:80:0", "http:65536:1", "http:a:1",
                          "http:80:5000 ", "http:-1:5", ":80:5000", "http::"}) {
    EXPECT_NE(complaint(bad), "") << bad;
  }
}

TEST(PortMap, ListsAreWordsApart) {
  const auto maps = parse_port_maps("http:80:5000 nonsense https:443:5000");
  EXPECT_EQ(port_maps_text(maps), "http:80:5000 https:443:5000");
  EXPECT_TRUE(parse_port_maps("").empty());
}

TEST(PortMap, APortIsNamedOnce) {
  EXPECT_TRUE(check_port_maps(parse_port_maps("http:80:1 https:443:1")));
  EXPECT_EQ(check_port_maps(parse_port_maps("http:80:1 http:80:2")).error().message(),
            "Error validating port mappings: The same scheme:host-port is being reused: http:80");
  EXPECT_FALSE(check_port_maps(parse_port_maps("http:80:1 https:80:2")));
}

}  // namespace
}  // namespace dokku::server
