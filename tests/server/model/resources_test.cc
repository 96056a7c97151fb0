#include "server/model/resources.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(Resources, MemoryWithAndWithoutUnits) {
  EXPECT_EQ(parse_memory("512"), 512ULL << 20);
  EXPECT_EQ(parse_memory("512m"), 512ULL << 20);
  EXPECT_EQ(parse_memory("2G"), 2ULL << 30);
  EXPECT_EQ(parse_memory("65536k"), 64ULL << 20);
  EXPECT_EQ(parse_memory("1048576b"), 1ULL << 20);
  EXPECT_EQ(parse_memory("512MB"), 512ULL << 20);
  EXPECT_EQ(parse_memory("2GiB"), 2ULL << 30);
  for (const char* text :
       {"", "m", "0", "-1", "1.5g", "mb", "ib", "2i", "2bb", "2ggb", "10000000000", " 1"}) {
    EXPECT_FALSE(parse_memory(text)) << text;
  }
}

TEST(Resources, CoresAndPartsOfThem) {
  EXPECT_EQ(parse_cores("2"), 2000U);
  EXPECT_EQ(parse_cores("0.5"), 500U);
  EXPECT_EQ(parse_cores(".25"), 250U);
  EXPECT_EQ(parse_cores("1.125"), 1125U);
  for (const char* text : {"", "0", "0.0", "-1", "1.", "1.2345", "a", "1e3", "5000"}) {
    EXPECT_FALSE(parse_cores(text)) << text;
  }
}

TEST(Resources, PropertiesByTypeAndKind) {
  EXPECT_EQ(resource_property("web", ResourceKind::limit, "memory"), "resource.web.limit.memory");
  EXPECT_EQ(resource_property("", ResourceKind::reserve, "cpu"), "resource._default_.reserve.cpu");
}

}  // namespace
}  // namespace dokku::server
