#include "runtime/network/namespace.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include "test_host.h"

namespace dokku::runtime {
namespace {

class NamespaceTest : public TestHost {};

std::string identity(const std::string& path) {
  return std::filesystem::read_symlink(path).string();
}

TEST_F(NamespaceTest, IsEnterableAndLeavesUsWhereWeAre) {
  const std::string before = identity("/proc/thread-self/ns/net");
  const std::filesystem::path path = root_ / "blog.web.1";
  Result<NewNamespace> made = create_namespace(path);
  ASSERT_TRUE(made.has_value()) << made.error().message();
  EXPECT_TRUE(is_namespace(path));
  EXPECT_EQ(identity("/proc/thread-self/ns/net"), before);
  inside(path, [&] {
    EXPECT_NE(identity("/proc/thread-self/ns/net"), before);
    EXPECT_EQ(::if_nametoindex("up0"), 0U);
  });
  EXPECT_EQ(made->inside.find_link("up0").error().code(), Errc::not_found);
  ok(remove_namespace(path));
  EXPECT_FALSE(std::filesystem::exists(path));
  ok(remove_namespace(path));
}

TEST_F(NamespaceTest, ReplacesAStaleOne) {
  const std::filesystem::path path = root_ / "blog.web.1";
  ASSERT_TRUE(create_namespace(path).has_value());
  ASSERT_TRUE(create_namespace(path).has_value());
  ok(remove_namespace(path));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(NamespaceTest, LetsUnprivilegedProcessesBindLowPorts) {
  const std::filesystem::path path = root_ / "blog.web.1";
  Result<NewNamespace> made = create_namespace(path);
  ASSERT_TRUE(made.has_value());
  inside(path,
         [] { EXPECT_EQ(*read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start"), "0\n"); });
  ok(remove_namespace(path));
}

}  // namespace
}  // namespace dokku::runtime
