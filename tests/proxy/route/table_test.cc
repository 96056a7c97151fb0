#include "proxy/route/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace dokku::proxy::route {
namespace {

Group group(const std::string& key, std::vector<std::string> hosts,
            std::vector<std::uint16_t> ports = {}, std::uint16_t target = 5000) {
  Group group{.key = key, .hosts = std::move(hosts), .generation = 1};
  for (const std::uint16_t port : ports) {
    group.listeners.push_back({.port = port, .any_host = true});
  }
  group.targets = {{"127.0.0.1", target, key + ".web.1"}};
  return group;
}

class Table : public testing::Test {
 protected:
  std::string who(std::string_view host) {
    const auto* route = table_.find_host(host);
    return route == nullptr ? "" : (*route)->group.key;
  }
  RouteTable table_;
};

TEST_F(Table, FindsHostsInAnyCaseAndWithAFinalDot) {
  ASSERT_TRUE(table_.put(group("blog", {"blog.example.com"})));
  EXPECT_EQ(who("blog.example.com"), "blog");
  EXPECT_EQ(who("Blog.Example.COM"), "blog");
  EXPECT_EQ(who("blog.example.com."), "blog");
  EXPECT_EQ(who("example.com"), "");
  EXPECT_EQ(who(""), "");
  EXPECT_EQ(who(std::string(300, 'a')), "");
}

TEST_F(Table, ExactWinsOverWildcardAndLongerWildcardOverShorter) {
  ASSERT_TRUE(table_.put(group("all", {"*.example.com"})));
  ASSERT_TRUE(table_.put(group("some", {"*.a.example.com"})));
  ASSERT_TRUE(table_.put(group("one", {"b.a.example.com"})));
  EXPECT_EQ(who("x.example.com"), "all");
  EXPECT_EQ(who("x.y.example.com"), "all");
  EXPECT_EQ(who("x.a.example.com"), "some");
  EXPECT_EQ(who("b.a.example.com"), "one");
  EXPECT_EQ(who("example.com"), "");
}

TEST_F(Table, AStarAnswersToWhatNobodyClaims) {
  ASSERT_TRUE(table_.put(group("rest", {"*"})));
  ASSERT_TRUE(table_.put(group("blog", {"blog.test", "*.wild.test"})));
  EXPECT_EQ(who("blog.test"), "blog");
  EXPECT_EQ(who("x.wild.test"), "blog");
  EXPECT_EQ(who("wild.test"), "rest");
  EXPECT_EQ(who("203.0.113.7"), "rest");
  EXPECT_EQ(who(""), "rest");
  EXPECT_EQ(who(std::string(300, 'a')), "rest");
  EXPECT_EQ(table_.put(group("other", {"*"})).error().code(), Errc::conflict);
  ASSERT_TRUE(table_.replace_all(table_.groups()));
  EXPECT_EQ(who("example.com"), "rest");
  table_.remove("rest");
  EXPECT_EQ(who("example.com"), "");
  ASSERT_TRUE(table_.put(group("other", {"*"})));
  EXPECT_EQ(who("example.com"), "other");
}

TEST_F(Table, AHostBelongsToOneKey) {
  ASSERT_TRUE(table_.put(group("blog", {"a.test"}, {9000})));
  EXPECT_EQ(table_.put(group("shop", {"a.test"})).error().code(), Errc::conflict);
  EXPECT_EQ(table_.put(group("shop", {"b.test"}, {9000})).error().code(), Errc::conflict);
  EXPECT_EQ(who("b.test"), "");
}

TEST_F(Table, PutReplacesAllOfAGroup) {
  ASSERT_TRUE(table_.put(group("blog", {"a.test"}, {9000})));
  ASSERT_TRUE(table_.put(group("blog", {"b.test"}, {9001})));
  EXPECT_EQ(who("a.test"), "");
  EXPECT_EQ(who("b.test"), "blog");
  EXPECT_EQ(table_.find(9000, false, "x").route, nullptr);
  EXPECT_NE(table_.find(9001, false, "x").route, nullptr);
  EXPECT_NE(table_.find(80, true, "b.test").route, nullptr);
}

TEST_F(Table, BadWordsChangeNothing) {
  ASSERT_TRUE(table_.put(group("blog", {"a.test"})));
  Group bad = group("blog", {"a b"});
  EXPECT_EQ(table_.put(bad).error().code(), Errc::invalid_argument);
  bad = group("blog", {"c.test"});
  bad.targets[0].address = "localhost";
  EXPECT_EQ(table_.put(bad).error().code(), Errc::invalid_argument);
  EXPECT_EQ(table_.put(group("", {"c.test"})).error().code(), Errc::invalid_argument);
  EXPECT_EQ(who("a.test"), "blog");
}

TEST_F(Table, ReplaceAllIsAllOrNothing) {
  ASSERT_TRUE(table_.put(group("blog", {"a.test"})));
  EXPECT_FALSE(table_.replace_all({group("x", {"x.test"}), group("y", {"x.test"})}));
  EXPECT_EQ(who("a.test"), "blog");
  EXPECT_EQ((*table_.find_key("blog"))->endpoints[0]->routes, 1U);
  ASSERT_TRUE(table_.replace_all({group("x", {"x.test"})}));
  EXPECT_EQ(who("a.test"), "");
  EXPECT_EQ(who("x.test"), "x");
  EXPECT_EQ((*table_.find_key("x"))->endpoints[0]->routes, 1U);
}

TEST_F(Table, EndpointsKeepTheirStateAcrossChanges) {
  ASSERT_TRUE(table_.put(group("blog", {"a.test"})));
  const auto before = table_.endpoint({"127.0.0.1", 5000, ""});
  ASSERT_NE(before, nullptr);
  ASSERT_TRUE(table_.put(group("blog", {"b.test"})));
  EXPECT_EQ(table_.endpoint({"127.0.0.1", 5000, ""}), before);
  EXPECT_FALSE(before->retired());
  ASSERT_TRUE(table_.put(group("blog", {"b.test"}, {}, 5001)));
  EXPECT_TRUE(before->retired());
  // Still known while somebody uses it: a drain asks for it.
  EXPECT_EQ(table_.endpoint({"127.0.0.1", 5000, ""}), before);
}

Group listening(const std::string& key, std::vector<Listener> listeners) {
  Group out = group(key, {key + ".test"});
  out.listeners = std::move(listeners);
  return out;
}

TEST_F(Table, GroupsShareAPortByTheirHosts) {
  ASSERT_TRUE(table_.put(listening("blog", {{.port = 8080}, {.port = 9090, .target_port = 7000}})));
  ASSERT_TRUE(table_.put(listening("shop", {{.port = 8080}})));
  EXPECT_EQ((*table_.find(8080, false, "blog.test").route)->group.key, "blog");
  EXPECT_EQ((*table_.find(8080, false, "shop.test").route)->group.key, "shop");
  EXPECT_EQ(table_.find(9090, false, "shop.test").route, nullptr);
  // Listeners that are named are all that there are.
  EXPECT_EQ(table_.find(80, true, "shop.test").route, nullptr);
  const Found other = table_.find(9090, false, "blog.test");
  ASSERT_NE(other.entrance, nullptr);
  EXPECT_EQ(other.entrance->endpoints[0]->address.text(), "127.0.0.1:7000");
  EXPECT_EQ((*other.route)->endpoints.size(), 2U);
  table_.remove("blog");
  EXPECT_TRUE(table_.uses_port(8080));
  EXPECT_FALSE(table_.uses_port(9090));
}

TEST_F(Table, APortSpeaksTlsForAllOrForNone) {
  ASSERT_TRUE(table_.put(listening("blog", {{.port = 8443, .scheme = Scheme::https}})));
  EXPECT_TRUE(table_.speaks_tls(8443));
  EXPECT_EQ(table_.put(listening("shop", {{.port = 8443}})).error().code(), Errc::conflict);
  EXPECT_EQ(table_.put(listening("shop", {{.port = 8443, .any_host = true}})).error().code(),
            Errc::conflict);
  ASSERT_TRUE(table_.put(listening("shop", {{.port = 8443, .scheme = Scheme::grpcs}})));
  table_.remove("shop");
  // Who has it alone may change its mind.
  ASSERT_TRUE(table_.put(listening("blog", {{.port = 8443}})));
  EXPECT_FALSE(table_.speaks_tls(8443));
}

TEST_F(Table, OwnPortsBelongToAll) {
  table_.reserve(80, false);
  EXPECT_FALSE(table_.put(listening("blog", {{.port = 80, .any_host = true}})));
  EXPECT_FALSE(table_.put(listening("blog", {{.port = 80, .scheme = Scheme::https}})));
  ASSERT_TRUE(table_.put(listening("blog", {{.port = 80}})));
  ASSERT_TRUE(table_.replace_all({listening("blog", {{.port = 8080}})}));
  EXPECT_TRUE(table_.uses_port(80));
  EXPECT_FALSE(table_.put(listening("blog", {{.port = 80, .any_host = true}})));
}

std::chrono::nanoseconds processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Other apps' requests wait for a change: a thousand of them in a second must not show.
TEST_F(Table, NoChangeAmongTenThousandRoutesTakesLong) {
  constexpr std::uint16_t kFirstPort = 1024;
  std::vector<Group> groups;
  for (int i = 0; i < 10'000; ++i) {
    groups.push_back(group("app" + std::to_string(i), {"host" + std::to_string(i) + ".test"}));
  }
  ASSERT_TRUE(table_.replace_all(groups));
  std::chrono::nanoseconds longest{};
  for (int i = 0; i < 3'000; ++i) {
    Group& changed = groups[static_cast<std::size_t>(i) * 3];
    changed.targets[0].port = static_cast<std::uint16_t>(kFirstPort + i);  // a new endpoint each
    const auto begin = processor_time();
    ASSERT_TRUE(table_.put(changed));
    longest = std::max(longest, processor_time() - begin);
  }
  // Five times what it may take, as the sanitizers are in it.
  EXPECT_LT(longest, std::chrono::milliseconds(25));
}

struct Connection final : IdleConnection {
  explicit Connection(Endpoint& where) : endpoint(where) { endpoint.add_idle(*this); }
  void drop() override {
    endpoint.remove_idle(*this);
    dropped = true;
  }
  Endpoint& endpoint;
  bool dropped = false;
};

TEST_F(Table, ATargetIsIdleWhenNoneOfItsPortsIsUsed) {
  const Target target{"127.0.0.1", 5000, ""};
  EXPECT_TRUE(table_.idle(target));
  ASSERT_TRUE(table_.put(
      listening("blog", {{.port = 80}, {.port = 9000, .target_port = 6000, .any_host = true}})));
  const auto other = table_.endpoint({"127.0.0.1", 6000, ""});
  ASSERT_NE(other, nullptr);
  EXPECT_TRUE(table_.idle(target));
  other->outstanding = 1;
  EXPECT_FALSE(table_.idle(target));
  EXPECT_TRUE(table_.idle({"127.0.0.1", 5001, ""}));
  // Its last requests are under way when it has left; the table may be made anew meanwhile.
  ASSERT_TRUE(table_.replace_all({}));
  EXPECT_FALSE(table_.idle(target));
  other->outstanding = 0;
  EXPECT_TRUE(table_.idle(target));
}

TEST_F(Table, IdleConnectionsEndWithTheirLastRoute) {
  ASSERT_TRUE(table_.put(group("blog", {"a.test"})));
  const auto endpoint = table_.endpoint({"127.0.0.1", 5000, ""});
  Connection first(*endpoint);
  Connection second(*endpoint);
  ASSERT_TRUE(table_.put(group("blog", {"b.test"})));
  EXPECT_FALSE(first.dropped);
  table_.remove("blog");
  EXPECT_TRUE(first.dropped && second.dropped);
  EXPECT_TRUE(endpoint->idle.empty());
}

}  // namespace
}  // namespace dokku::proxy::route
