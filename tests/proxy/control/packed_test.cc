#include "proxy/control/packed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "proxy/control/messages.h"

namespace dokku::proxy {
namespace {

Group with_everything() {
  Group group{.key = "blog",
              .hosts = {"a.test", "*.b.test"},
              .listeners = {{.port = 80, .redirect_to = 443},
                            {.port = 443, .scheme = Scheme::grpcs, .target_port = 8080},
                            {.port = 65535, .any_host = true}},
              .targets = {{"10.0.0.2", 5000, "blog.web.1"}, {"fd00::1", 1, ""}},
              .certificates = {std::string(64, 'a')},
              .challenges = {{"a.test", "token", std::string(300, 'x'), std::string(64, 'b')}},
              .generation = ~std::uint64_t{0}};
  group.settings.hsts = false;
  group.settings.error_pages = {{502, "<p>"}};
  return group;
}

std::string packed(const std::vector<Group>& groups) {
  std::string bytes;
  pack_count(bytes, groups.size());
  for (const Group& group : groups) pack_group(bytes, group);
  return bytes;
}

Result<std::vector<Group>> unpacked(std::string_view bytes) {
  std::vector<Group> groups;
  PackedGroups packed(bytes);
  for (;;) {
    std::optional<Group> group = TRY(packed.next());
    if (!group) return groups;
    groups.push_back(std::move(*group));
  }
}

TEST(PackedGroups, ComeBackAsTheyWere) {
  const std::vector<Group> groups{with_everything(), Group{.key = "bare"}, with_everything()};
  const Result<std::vector<Group>> back = unpacked(packed(groups));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, groups);
  EXPECT_EQ(PackedGroups(packed(groups)).size(), 3U);
  EXPECT_TRUE(unpacked(packed({}))->empty());
}

TEST(PackedGroups, WhatIsCutOffIsRefused) {
  const std::string whole = packed({with_everything()});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    EXPECT_FALSE(unpacked(cut).has_value()) << size;
  }
}

TEST(PackedGroups, NonsenseIsRefusedWithoutMuchMemory) {
  for (const std::string& bad :
       {std::string(11, '\xff'), std::string("\1\1a\xff\xff\xff\xff\x7f"),
        std::string("\xff\xff\xff\xff\x7f"), packed({with_everything()}) + "\1",
        std::string("\1\1a\1\1h\1\1\x9\0\0\0\0\0\0\0\0", 17)}) {
    EXPECT_FALSE(unpacked(bad).has_value());
    EXPECT_LE(PackedGroups(bad).size(), bad.size());
  }
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A worker's successor serves when it has read the table. Processor time of the best of some runs,
// and a ratio: other load does not show in it.
TEST(PackedGroups, AreReadInLessThanAThirdOfTheTimeOfJson) {
  std::vector<Group> groups;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = std::to_string(i);
    groups.push_back({.key = "app" + name,
                      .hosts = {"host" + name + ".test"},
                      .targets = {{"10.0.0.2", 5000, "app" + name + ".web.1"}},
                      .generation = 7});
  }
  const std::string bytes = packed(groups);
  const std::string json = encode_groups(groups);
  double fast = 1e9;
  double slow = 1e9;
  for (int round = 0; round < 5; ++round) {
    double begin = cpu_seconds();
    ASSERT_EQ(unpacked(bytes)->size(), groups.size());
    fast = std::min(fast, cpu_seconds() - begin);
    begin = cpu_seconds();
    ASSERT_EQ(decode_groups(json)->size(), groups.size());
    slow = std::min(slow, cpu_seconds() - begin);
  }
  EXPECT_LT(fast, slow / 3);
}

}  // namespace
}  // namespace dokku::proxy
