// What can be told without making a Debian root; real layers: tests/buildstep/real.
#include "buildstep/stack/stack.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "buildstep/image/root_layer.h"
#include "buildstep/stack/layer_file.h"
#include "buildstep/stack/recipe.h"
#include "tests/fakes/fake_images.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

class StackFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "dokku-stack-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    home_ = root_ / ("trixie-" + recipe_fingerprint("trixie"));
    fs::create_directories(home_);
    stack_ = make_stack({.dir = root_}, images_);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void put_layer(const std::string& name, const std::vector<std::string>& packages) {
    fs::create_directories(root_ / "tree");
    std::ofstream(root_ / "tree/name") << name;
    Result<runtime::LayerFile> layer =
        write_root_layer(root_ / "tree", home_ / (name + ".tar.zst"), {});
    ASSERT_TRUE(layer.has_value());
    ASSERT_TRUE(write_layer_note(home_, name, *layer, packages).has_value());
  }
  fs::path root_;
  fs::path home_;
  dokku::testing::FakeImages images_;
  std::unique_ptr<Stack> stack_;
};

TEST_F(StackFiles, LayersBecomeImagesOnce) {
  put_layer("base", base_packages());
  put_layer("tools", tools_recipe().packages);
  std::vector<std::string> said;
  const Progress progress = [&](std::string_view line) { said.emplace_back(line); };
  ASSERT_TRUE(stack_->ensure_base(progress).has_value());
  const auto run = stack_->run_image({}, progress);
  const auto build = stack_->build_image({}, progress);
  ASSERT_TRUE(run && build);
  EXPECT_EQ(images_.inspect(*run)->layers.size(), 1U);
  EXPECT_EQ(images_.inspect(*build)->layers.size(), 2U);
  EXPECT_TRUE(said.empty());  // what exists is not announced
}

TEST_F(StackFiles, FingerprintFollowsTheLayers) {
  EXPECT_EQ(*stack_->fingerprint(), "not prepared");
  put_layer("base", base_packages());
  put_layer("tools", tools_recipe().packages);
  const std::string first = *stack_->fingerprint();
  EXPECT_NE(first, "not prepared");
  std::ofstream(root_ / "tree/more") << "x";
  put_layer("tools", tools_recipe().packages);
  EXPECT_NE(*stack_->fingerprint(), first);
}

TEST_F(StackFiles, AnUnknownLanguageIsAnError) {
  put_layer("base", base_packages());
  const auto image = stack_->run_image({"cobol"}, [](std::string_view) {});
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code(), Errc::invalid_argument);
}

TEST_F(StackFiles, ANoteOfOtherPackagesIsNone) {
  put_layer("tools", {"git"});
  EXPECT_FALSE(read_layer_note(home_, "tools", tools_recipe().packages).has_value());
  EXPECT_TRUE(read_layer_note(home_, "tools", {"git"}).has_value());
  std::ofstream(home_ / "tools.json") << "{\"digest\": 7";
  EXPECT_FALSE(read_layer_note(home_, "tools", {"git"}).has_value());
}

TEST_F(StackFiles, SameRootSameDigest) {
  put_layer("base", {});
  const auto first = read_layer_note(home_, "base", {});
  put_layer("base", {});
  EXPECT_EQ(first->digest, read_layer_note(home_, "base", {})->digest);
}

}  // namespace
}  // namespace dokku::buildstep
