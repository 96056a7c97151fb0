#include "runtime/network/nft.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace dokku::runtime {
namespace {

constexpr const char* kSelf = "/proc/self/exe";

TEST(Nft, AnswersWithJson) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Result<std::string> answer = run_nft(kSelf, "list tables");
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_TRUE(answer->starts_with("{\"nftables\"")) << *answer;
}

TEST(Nft, TellsWhyItRefused) {
  const Result<std::string> answer = run_nft(kSelf, "add nonsense");
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().message().starts_with("nftables: ")) << answer.error().message();
  EXPECT_EQ(answer.error().message().find('\n'), std::string::npos);
}

TEST(Nft, AWorkerThatIsMissingIsAnError) {
  EXPECT_FALSE(run_nft("/nonexistent/dokku-worker", "list tables").has_value());
}

}  // namespace
}  // namespace dokku::runtime

// This program is its own worker, by the name that it is given.
int main(int argc, char** argv) {
  if (std::strcmp(argv[0], "dokku-worker") == 0) std::_Exit(dokku::runtime::nft_task());
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
