#include "runtime/oci/runtime_spec.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/io.h"
#include "tests/paths/paths.h"

namespace dokku::runtime::oci {
namespace {

using nlohmann::json;

// Compares with tests/data/oci/<name>; DOKKU_REWRITE_GOLDEN=1 rewrites it, and the diff is the
// review.
void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = tests::data_dir() / "oci" / name;
  const std::string pretty = json::parse(text).dump(2) + "\n";
  if (std::getenv("DOKKU_REWRITE_GOLDEN") != nullptr) std::ofstream(path) << pretty;
  const auto golden = read_file(path);
  ASSERT_TRUE(golden.has_value()) << golden.error().message();
  EXPECT_EQ(pretty, *golden);
}

ContainerSpec web() {
  ContainerSpec spec{*ContainerId::parse("blog.web.1.r12"),
                     *ImageRef::parse("dokku/blog:r12"),
                     {{"dokku.app", "blog"}}};
  spec.args = {"/.dokku/init", "--", "/start", "web"};
  spec.env = {"PORT=5000", "HOME=/app"};
  spec.cwd = "/app";
  spec.mounts = {{"/srv/init", "/.dokku/init", true}, {"/srv/cache", "/cache", false}};
  spec.limits.memory_bytes = 512 << 20;
  spec.limits.cpu_millis = 1500;
  spec.limits.cpu_shares = 512;
  spec.limits.pids = 256;
  spec.limits.open_files = 4096;
  spec.hostname = "blog-web-1";
  spec.network_namespace = "/run/netns/blog";
  spec.shim_group = "blog";
  return spec;
}

std::string without_filter(const std::string& spec) {
  json parsed = json::parse(spec);
  parsed["linux"].erase("seccomp");
  return parsed.dump();
}

TEST(SpecJson, SaysAllThatAContainerSpecSays) {
  expect_golden("container.json", without_filter(spec_json(web(), {})));
}

TEST(SpecJson, DefaultsAreHardened) {
  const ContainerSpec plain{*ContainerId::parse("x"), *ImageRef::parse("y"), {}};
  const json spec = json::parse(spec_json(plain, {}));
  EXPECT_EQ(spec["process"]["user"]["uid"], 32767);
  EXPECT_EQ(spec["process"]["noNewPrivileges"], true);
  for (const auto& [set, capabilities] : spec["process"]["capabilities"].items()) {
    EXPECT_TRUE(capabilities.empty()) << set;
  }
  EXPECT_EQ(spec["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
  EXPECT_EQ(spec["linux"]["resources"]["devices"][0]["allow"], false);
  EXPECT_EQ(spec["linux"]["cgroupsPath"], "/dokku/x");
  EXPECT_EQ(spec["hostname"], "x");
  EXPECT_FALSE(spec.contains("annotations"));
}

TEST(SpecJson, FollowsTheHostsSwapAccounting) {
  ContainerSpec spec = web();
  SpecOptions options;
  options.limit_swap = false;
  const json memory = json::parse(spec_json(spec, options))["linux"]["resources"]["memory"];
  EXPECT_EQ(memory, json({{"limit", 512 << 20}}));
}

TEST(SpecJson, SaysWhatSwapAndReserveWereAskedFor) {
  ContainerSpec spec = web();
  spec.limits.memory_swap_bytes = std::uint64_t{1} << 30;
  spec.limits.memory_reserve_bytes = 128 << 20;
  const json memory = json::parse(spec_json(spec, {}))["linux"]["resources"]["memory"];
  EXPECT_EQ(memory, json({{"limit", 512 << 20}, {"swap", 1 << 30}, {"reservation", 128 << 20}}));
}

TEST(SpecJson, AsksForNoMoreOpenFilesThanTheHostGives) {
  ContainerSpec spec = web();
  spec.limits.open_files = 65536;
  SpecOptions options;
  options.open_files_max = 20000;
  const json limits = json::parse(spec_json(spec, options))["process"]["rlimits"];
  EXPECT_EQ(limits[1], json({{"type", "RLIMIT_NOFILE"}, {"hard", 20000}, {"soft", 20000}}));
}

TEST(SpecJson, BytesThatAreNoTextDoNotThrow) {
  ContainerSpec spec = web();
  spec.env = {"NAME=\xff\xfe"};
  EXPECT_FALSE(spec_json(spec, {}).empty());
}

TEST(ProcessJson, IsAsHardenedAsTheContainer) {
  ExecSpec what{"e1", {"/bin/sh"}, {"TERM=xterm"}, "/app", {}, true};
  expect_golden("process.json", process_json(what, {}));
}

TEST(ResourcesJson, LeavesOutWhatHasNoLimit) {
  EXPECT_EQ(resources_json({}, {}), "{}");
  Limits limits;
  limits.memory_bytes = 256 << 20;
  limits.cpu_millis = 500;
  limits.cpu_shares = 2;
  limits.pids = 64;
  expect_golden("resources.json", resources_json(limits, {}));
}

TEST(SharesShim, ReadsBackWhatSpecJsonWrote) {
  ContainerSpec spec = web();
  spec.shim_group = "app";
  EXPECT_TRUE(shares_shim(spec_json(spec, {})));
  spec.shim_group.clear();
  EXPECT_FALSE(shares_shim(spec_json(spec, {})));
  EXPECT_FALSE(shares_shim("{}"));
  EXPECT_FALSE(shares_shim("not json"));
}

TEST(WantsTerminal, ReadsBackWhatSpecJsonWrote) {
  ContainerSpec spec = web();
  EXPECT_FALSE(wants_terminal(spec_json(spec, {})));
  spec.terminal = true;
  EXPECT_TRUE(wants_terminal(spec_json(spec, {})));
  EXPECT_FALSE(wants_terminal("{}"));
  EXPECT_FALSE(wants_terminal("not json"));
}

}  // namespace
}  // namespace dokku::runtime::oci
