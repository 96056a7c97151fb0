#include "runtime/digest/sha256.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace dokku::runtime {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* kOfAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfNothing =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256, AgreesWithTheStandardsExamples) {
  EXPECT_EQ(sha256_of("abc"), kOfAbc);
  EXPECT_EQ(sha256_of(""), kOfNothing);
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
  Sha256 digest;
  digest.update("a").update("").update("bc");
  EXPECT_EQ(digest.finish(), kOfAbc);
}

TEST(Sha256OfFile, ReadsMoreThanOneBuffer) {
  char folder[] = "/tmp/dokku-digest-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::filesystem::path path = std::filesystem::path(folder) / "blob";
  const std::string content(1000 * 1000, 'x');
  std::ofstream(path) << content;
  const auto digest = sha256_of_file(path);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(*digest, sha256_of(content));
}

TEST(Sha256OfFile, NamesAMissingFile) {
  const auto digest = sha256_of_file("/nonexistent/blob");
  ASSERT_FALSE(digest.has_value());
  EXPECT_NE(digest.error().message().find("/nonexistent/blob"), std::string::npos);
}

}  // namespace
}  // namespace dokku::runtime
