#include "runtime/oci/image_spec.h"

#include <gtest/gtest.h>

namespace dokku::runtime::oci {
namespace {

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

TEST(ChainIds, FirstIsItsDiffIdTheRestAreHashed) {
  const auto chain = chain_ids({kA, kB});
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0], kA);
  // printf '%s %s' sha256:aaa… sha256:bbb… | sha256sum
  EXPECT_EQ(chain[1], "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c");
  EXPECT_TRUE(chain_ids({}).empty());
}

TEST(ConfigJson, RoundTrips) {
  ConfigFile file{
      {{{"PATH", "/bin"}, {"A", "x=y"}}, {"/init"}, {"web"}, "32767", "/app", {{"k", "v"}}},
      {kA, kB}};
  const auto back = parse_config(config_json(file));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->diff_ids, file.diff_ids);
  EXPECT_EQ(back->config.env, file.config.env);
  EXPECT_EQ(back->config.entrypoint, file.config.entrypoint);
  EXPECT_EQ(back->config.cmd, file.config.cmd);
  EXPECT_EQ(back->config.user, "32767");
  EXPECT_EQ(back->config.working_dir, "/app");
  EXPECT_EQ(back->config.labels, file.config.labels);
}

TEST(ConfigJson, HoldsNothingThatChangesByItself) {
  EXPECT_EQ(config_json({{}, {kA}}), config_json({{}, {kA}}));
  EXPECT_EQ(config_json({{}, {kA}}).find("created"), std::string::npos);
}

TEST(ParseConfig, TakesGosNulls) {
  const auto file = parse_config(
      R"({"config":{"Env":null,"Labels":null},"rootfs":{"type":"layers","diff_ids":[]}})");
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->config.env.empty());
}

TEST(ManifestJson, RoundTrips) {
  const Manifest manifest{{kConfigType, kA, 12}, {{kTarType, kB, 34}, {kZstdType, kA, 56}}};
  const auto back = parse_manifest(manifest_json(manifest));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->config.digest, kA);
  ASSERT_EQ(back->layers.size(), 2U);
  EXPECT_EQ(back->layers[1].media_type, kZstdType);
  EXPECT_EQ(back->layers[1].size_bytes, 56U);
}

TEST(ParseManifest, RefusesOtherForms) {
  for (const char* text : {"", "{", "[]", "{}", R"({"config":{},"layers":[]})"}) {
    const auto manifest = parse_manifest(text);
    ASSERT_FALSE(manifest.has_value()) << text;
    EXPECT_EQ(manifest.error().code(), Errc::invalid_argument);
  }
  EXPECT_FALSE(parse_config(R"({"rootfs":{"diff_ids":[1]}})").has_value());
}

}  // namespace
}  // namespace dokku::runtime::oci
