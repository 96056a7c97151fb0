#include "runtime/network/host_networks.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "test_host.h"

namespace dokku::runtime {
namespace {

namespace fs = std::filesystem;

std::string nft(const std::string& commands) {
  std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  EXPECT_EQ(nft_run_cmd_from_buffer(context.get(), commands.c_str()), 0)
      << nft_ctx_get_error_buffer(context.get());
  return nft_ctx_get_output_buffer(context.get());
}

std::string slurp(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class HostNetworksTest : public TestHost {
 protected:
  void SetUp() override {
    TestHost::SetUp();
    if (root_.empty()) return;
    std::ofstream(root_ / "resolv.conf") << "nameserver 127.0.0.1\n";
    inventory_before_ = inventory();
    networks_ = start("t1");
  }
  void TearDown() override {
    if (networks_) ok(networks_->remove_all());
    networks_.reset();
    if (!root_.empty() && !HasFatalFailure()) {
      EXPECT_EQ(inventory(), inventory_before_);
    }
    TestHost::TearDown();
  }

  std::unique_ptr<Networks> create(const std::string& name) {
    Result<std::unique_ptr<Networks>> made =
        create_host_networks({.name = name,
                              .state_dir = root_ / name / "lib",
                              .run_dir = root_ / name / "run",
                              .public_ports = {8081},
                              .range = range_,
                              .host_resolv_conf = root_ / "resolv.conf",
                              .dns_upstream_port = 5399});
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return *std::move(made);
  }
  std::unique_ptr<Networks> start(const std::string& name) {
    std::unique_ptr<Networks> networks = create(name);
    ok(networks->ensure());
    return networks;
  }
  static Endpoint attach(Networks* networks, const std::string& id) {
    Result<Endpoint> endpoint = networks->attach(*ContainerId::parse(id));
    EXPECT_TRUE(endpoint.has_value()) << endpoint.error().message();
    return *std::move(endpoint);
  }
  Endpoint attach(const std::string& id) { return attach(networks_.get(), id); }

  std::string gateway() const {
    const std::string text = slurp(root_ / "t1" / "lib" / "network" / "subnet");
    return text.substr(text.find(' ') + 1, text.find('\n') - text.find(' ') - 1);
  }

  // All that the host shows of networks.
  std::string inventory() {
    std::string text = nft("list ruleset");
    const std::vector<Link> links = *netlink_->links();
    for (const Link& link : links) text += "link " + link.name + "\n";
    std::vector<std::string> routes;
    const std::vector<Route> found = *netlink_->routes();
    for (const Route& route : found) {
      routes.push_back("route " + to_string(route.to.base) + "/" + std::to_string(route.to.length));
    }
    std::sort(routes.begin(), routes.end());
    for (const std::string& route : routes) text += route + "\n";
    std::istringstream mounts(slurp("/proc/thread-self/mountinfo"));
    for (std::string line; std::getline(mounts, line);) {
      if (line.find(" nsfs ") == std::string::npos) continue;
      const std::size_t at = line.find(" /");
      text += "mount " + line.substr(at, line.find(' ', at + 1) - at) + "\n";
    }
    return text + "forward " + slurp("/proc/sys/net/ipv4/ip_forward");
  }

  std::string range_;  // named for those that are created from now on
  std::string inventory_before_;
  std::unique_ptr<Networks> networks_;
};

TEST_F(HostNetworksTest, TheHostReachesAContainer) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd server = bound(web.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_EQ(connect_error({}, web.address, 5000), 0);
  EXPECT_EQ(accepted_peer(server), gateway());
  EXPECT_EQ(connect_error({}, web.address, 5001), ECONNREFUSED);
}

TEST_F(HostNetworksTest, AContainerReachesTheWorldByTheHostsAddress) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd server = bound(world_, SOCK_STREAM, kFarAway, 80);
  EXPECT_EQ(connect_error(web.network_namespace, kFarAway, 80), 0);
  EXPECT_EQ(accepted_peer(server), kHost);
}

TEST_F(HostNetworksTest, ContainersDoNotReachEachOther) {
  const Endpoint a = attach("a.web.1"), b = attach("b.web.1");
  const UniqueFd server = bound(b.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_EQ(connect_error({}, b.address, 5000), 0);
  EXPECT_EQ(connect_error(a.network_namespace, b.address, 5000), EHOSTUNREACH);
}

TEST_F(HostNetworksTest, ContainersReachNoServiceOfTheHostButThePublicPorts) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd hidden = bound({}, SOCK_STREAM, "0.0.0.0", 8080);
  const UniqueFd open = bound({}, SOCK_STREAM, "0.0.0.0", 8081);
  EXPECT_EQ(connect_error({}, kHost, 8080), 0);
  EXPECT_EQ(connect_error(web.network_namespace, kHost, 8080), EHOSTUNREACH);
  EXPECT_EQ(connect_error(web.network_namespace, gateway(), 8080), EHOSTUNREACH);
  EXPECT_EQ(connect_error(web.network_namespace, kHost, 8081), 0);
  const UniqueFd own = bound({}, SOCK_STREAM, "0.0.0.0", 20001);
  EXPECT_NE(connect_error(web.network_namespace, kHost, 20001), 0);
  ok(networks_->open_ports({20000, 20001}));
  EXPECT_EQ(connect_error(web.network_namespace, kHost, 20001), 0);
  ok(networks_->open_ports({}));
  EXPECT_NE(connect_error(web.network_namespace, kHost, 20001), 0);
}

TEST_F(HostNetworksTest, ContainersReachNoMetadataService) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd server = bound(world_, SOCK_STREAM, kMetadata, 80);
  EXPECT_EQ(connect_error({}, kMetadata, 80), 0);
  EXPECT_EQ(connect_error(web.network_namespace, kMetadata, 80), EHOSTUNREACH);
}

TEST_F(HostNetworksTest, TheWorldReachesNeitherContainersNorTheirNameServer) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd server = bound(web.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  const unsigned link = world_link_->find_link("eth0")->index;
  for (const std::string& address : {web.address, gateway()}) {
    ok(world_link_->add_route({.to = {ip(address), 32}, .link = link, .gateway = ip(kHost)}));
  }
  const UniqueFd proof = bound({}, SOCK_STREAM, kHost, 5000);
  EXPECT_EQ(connect_error(world_, kHost, 5000), 0);
  EXPECT_EQ(connect_error(world_, web.address, 5000, 300), ETIMEDOUT);
  EXPECT_EQ(connect_error(world_, gateway(), 53, 300), ETIMEDOUT);
}

TEST_F(HostNetworksTest, ProxyTrafficIsNotTracked) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd server = bound(web.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  const UniqueFd local = bound({}, SOCK_STREAM, "127.0.0.1", 5001);
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(connect_error({}, web.address, 5000), 0);
    EXPECT_EQ(connect_error({}, "127.0.0.1", 5001), 0);
  }
  EXPECT_EQ(slurp("/proc/sys/net/netfilter/nf_conntrack_count"), "0\n");
}

TEST_F(HostNetworksTest, LinksHaveTheMtuOfTheUplink) {
  const Endpoint web = attach("blog.web.1.r1");
  inside(web.network_namespace, [] {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::string("eth0").copy(request.ifr_name, IFNAMSIZ - 1);
    ASSERT_EQ(::ioctl(fd.get(), SIOCGIFMTU, &request), 0);
    EXPECT_EQ(request.ifr_mtu, 1400);
  });
}

// A query for "a." and what a server would say to it.
const std::string kQuery =
    std::string("\x12\x34\x01\0\0\x01\0\0\0\0\0\0", 12) + std::string(
                                                              "\x01"
                                                              "a\0\0\x01\0\x01",
                                                              7);

std::string ask(const fs::path& from, const std::string& server) {
  std::string answer(512, '\0');
  inside(from, [&] {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = socket_address(server, 53);
    ASSERT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    ASSERT_GT(::send(fd.get(), kQuery.data(), kQuery.size(), 0), 0);
    pollfd ready{fd.get(), POLLIN, 0};
    const bool came = ::poll(&ready, 1, 5000) == 1;
    const ssize_t got = came ? ::recv(fd.get(), answer.data(), answer.size(), 0) : 0;
    answer.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  });
  return answer;
}

TEST_F(HostNetworksTest, ContainersAskTheHostsNameServer) {
  const Endpoint web = attach("blog.web.1.r1");
  EXPECT_EQ(slurp(networks_->resolv_conf()),
            "nameserver " + gateway() + "\noptions timeout:2 attempts:3\n");
  const UniqueFd upstream = bound({}, SOCK_DGRAM, "127.0.0.1", 5399);
  std::thread server([&] {
    char message[512];
    pollfd ready{upstream.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 5000), 1);
    sockaddr_in client{};
    socklen_t length = sizeof client;
    const ssize_t got = ::recvfrom(upstream.get(), message, sizeof message, 0,
                                   reinterpret_cast<sockaddr*>(&client), &length);
    ASSERT_EQ(got, 19);
    message[2] = '\x81';
    ::sendto(upstream.get(), message, 19, 0, reinterpret_cast<sockaddr*>(&client), length);
  });
  const std::string answer = ask(web.network_namespace, gateway());
  server.join();
  std::string expected = kQuery;
  expected[2] = '\x81';
  EXPECT_EQ(answer, expected);
}

TEST_F(HostNetworksTest, AFreshContainerCanSendAtOnce) {
  const UniqueFd listener = bound(world_, SOCK_DGRAM, kFarAway, 9000);
  for (int n = 0; n < 20; ++n) {
    const Endpoint web = attach("blog.web." + std::to_string(n));
    inside(web.network_namespace, [&] {
      const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      const sockaddr_in to = socket_address(kFarAway, 9000);
      ASSERT_EQ(::sendto(fd.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
                1);
    });
    pollfd ready{listener.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 2000), 1) << n;
    char byte = 0;
    ASSERT_EQ(::recv(listener.get(), &byte, 1, 0), 1);
  }
}

TEST_F(HostNetworksTest, AttachIsIdempotentAndDetachForgets) {
  const Endpoint first = attach("blog.web.1.r1"), again = attach("blog.web.1.r1");
  EXPECT_EQ(first.address, again.address);
  EXPECT_EQ(networks_->list()->size(), 1U);
  EXPECT_EQ(slurp(first.hosts_file),
            "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" + first.address +
                " blog-web-1-r1\n");
  ok(networks_->detach(first.id));
  ok(networks_->detach(first.id));
  EXPECT_FALSE(fs::exists(first.network_namespace));
  EXPECT_EQ(networks_->list()->size(), 0U);
  EXPECT_NE(attach("blog.web.1.r2").address, first.address);
  EXPECT_EQ(connect_error({}, first.address, 5000), EHOSTUNREACH);
}

TEST_F(HostNetworksTest, ARestartedDaemonAdoptsWhatIsThere) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd server = bound(web.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  networks_.reset();
  EXPECT_EQ(connect_error({}, web.address, 5000), 0);
  fs::remove(root_ / "t1" / "lib" / "network" / "addresses");
  networks_ = start("t1");
  ASSERT_EQ(networks_->list()->size(), 1U);
  EXPECT_EQ(networks_->list()->front().address, web.address);
  EXPECT_EQ(attach("blog.web.1.r1").address, web.address);
  EXPECT_EQ(connect_error({}, web.address, 5000), 0);
  EXPECT_NE(attach("blog.web.2.r1").address, web.address);
}

TEST_F(HostNetworksTest, ALostLinkIsMadeAnew) {
  const Endpoint web = attach("blog.web.1.r1");
  ok(netlink_->remove_link("dkt1-1"));
  const Endpoint again = attach("blog.web.1.r1");
  EXPECT_EQ(again.address, web.address);
  const UniqueFd server = bound(again.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_EQ(connect_error({}, web.address, 5000), 0);
}

TEST_F(HostNetworksTest, AddressesSurviveAReboot) {
  attach("blog.web.1.r1");
  const Endpoint second = attach("blog.web.2.r1");
  networks_.reset();
  fs::path stale = second.network_namespace;
  ASSERT_EQ(::umount2(stale.c_str(), MNT_DETACH), 0);
  ASSERT_EQ(::umount2((stale.parent_path() / "blog.web.1.r1").c_str(), MNT_DETACH), 0);
  boot();
  networks_ = start("t1");
  EXPECT_EQ(attach("blog.web.2.r1").address, second.address);
  const UniqueFd server = bound(stale, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_EQ(connect_error({}, second.address, 5000), 0);
}

TEST_F(HostNetworksTest, InstancesSideBySideShareNothing) {
  const Endpoint mine = attach("blog.web.1.r1");
  std::unique_ptr<Networks> other = start("verylongname");
  const Endpoint theirs = attach(other.get(), "blog.web.1.r1");
  EXPECT_NE(mine.address, theirs.address);
  const UniqueFd server = bound(theirs.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_NE(connect_error(mine.network_namespace, theirs.address, 5000, 300), 0);
  ok(networks_->remove_all());
  EXPECT_EQ(connect_error({}, theirs.address, 5000), 0);
  const UniqueFd far = bound(world_, SOCK_STREAM, kFarAway, 80);
  EXPECT_EQ(connect_error(theirs.network_namespace, kFarAway, 80), 0);
  ok(other->remove_all());  // TearDown sees that forwarding is off again
}

TEST_F(HostNetworksTest, ARangeThatAnotherTookMeanwhileIsLeftToIt) {
  const std::string first = gateway();
  ok(networks_->remove_all());
  networks_.reset();
  std::unique_ptr<Networks> other = start("other");
  const Endpoint theirs = attach(other.get(), "blog.web.1.r1");
  ok(create("t1")->remove_all());  // nothing of it is up: must not take what is the other's
  networks_ = start("t1");
  EXPECT_NE(gateway(), first);
  EXPECT_NE(attach("blog.web.1.r1").address, theirs.address);
  const UniqueFd server = bound(theirs.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_EQ(connect_error({}, theirs.address, 5000), 0);
  ok(other->remove_all());
}

constexpr const char* kClosedHost = R"(
table ip filter {
  chain DOCKER-USER {
    return
  }
  chain FORWARD {
    type filter hook forward priority 0; policy drop
    jump DOCKER-USER
  }
  chain INPUT {
    type filter hook input priority 0; policy drop
    ct state established,related accept
  }
}
table inet other {
  chain forward {
    type filter hook forward priority 0; policy drop
  }
}
)";

TEST_F(HostNetworksTest, GetsThroughAFirewallThatDropsWhatItDoesNotKnow) {
  ok(networks_->remove_all());
  nft(kClosedHost);
  const std::string before = inventory();
  ok(networks_->ensure());
  ok(networks_->ensure());  // rules are not doubled
  const Endpoint web = attach("blog.web.1.r1"), other = attach("blog.web.2.r1");
  const UniqueFd far = bound(world_, SOCK_STREAM, kFarAway, 80);
  EXPECT_EQ(connect_error(web.network_namespace, kFarAway, 80), 0);
  const UniqueFd server = bound(web.network_namespace, SOCK_STREAM, "0.0.0.0", 5000);
  EXPECT_EQ(connect_error({}, web.address, 5000), 0);
  EXPECT_EQ(connect_error(other.network_namespace, web.address, 5000), EHOSTUNREACH);
  ok(networks_->remove_all());
  // Forwarding stays on: Docker may rely on it by now.
  EXPECT_EQ(slurp("/proc/sys/net/ipv4/ip_forward"), "1\n");
  std::ofstream("/proc/sys/net/ipv4/ip_forward") << "0";
  EXPECT_EQ(inventory(), before);
  nft("delete table ip filter\ndelete table inet other\n");
}

// Until `done` or for 5 s.
template <class F>
bool becomes(F&& done) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < until) {
    if (done()) return true;
    std::this_thread::yield();
  }
  return done();
}

TEST_F(HostNetworksTest, AFirewallThatComesLaterIsToldAboutUs) {
  const Endpoint web = attach("blog.web.1.r1");
  const UniqueFd far = bound(world_, SOCK_STREAM, kFarAway, 80);
  nft(kClosedHost);
  const auto passes = [&] { return connect_error(web.network_namespace, kFarAway, 80, 300) == 0; };
  EXPECT_TRUE(becomes(passes));
  // It writes its rules anew, without ours.
  nft("delete table ip filter\ndelete table inet other\n");
  nft(kClosedHost);
  EXPECT_TRUE(becomes(passes));
  nft("delete table ip filter\ndelete table inet other\n");
  ok(networks_->remove_all());
  std::ofstream("/proc/sys/net/ipv4/ip_forward") << "0";
}

TEST_F(HostNetworksTest, RulesThatSomebodyFlushedComeBack) {
  const Endpoint web = attach("blog.web.1.r1");
  ok(networks_->open_ports({20001}));
  const UniqueFd far = bound(world_, SOCK_STREAM, kFarAway, 80);
  nft("flush ruleset");
  EXPECT_TRUE(becomes([&] { return networks_->health()->rules; }));
  EXPECT_EQ(connect_error(web.network_namespace, kFarAway, 80), 0);
  EXPECT_TRUE(becomes([] { return nft("list ruleset").find("20001") != std::string::npos; }));
}

TEST_F(HostNetworksTest, ForwardingThatSomebodySwitchedOffComesBack) {
  std::ofstream("/proc/sys/net/ipv4/ip_forward") << "0" << std::flush;
  EXPECT_TRUE(becomes([&] { return networks_->health()->forwarding; }));
}

TEST_F(HostNetworksTest, ARouteThatComesToOurRangeIsNamedAndLeftOnceNothingRuns) {
  const std::string before = gateway();
  const Endpoint web = attach("blog.web.1.r1");
  EXPECT_TRUE(networks_->health()->clashes.empty());
  const std::string range = networks_->health()->range;
  const Ipv4 base = ip(range.substr(0, range.find('/'))) & 0xffff0000U;
  const unsigned up = netlink_->find_link("up0")->index;
  ok(netlink_->add_route({.to = {base, 16}, .link = up}));
  EXPECT_EQ(networks_->health()->clashes, (std::set<std::string>{to_string(base) + "/16 by up0"}));
  ok(networks_->ensure());
  EXPECT_EQ(gateway(), before);  // what runs keeps its address
  ok(networks_->detach(web.id));
  ok(networks_->ensure());
  EXPECT_NE(gateway(), before);
  EXPECT_TRUE(networks_->health()->clashes.empty());
  const Endpoint again = attach("blog.web.1.r2");
  const UniqueFd far = bound(world_, SOCK_STREAM, kFarAway, 80);
  EXPECT_EQ(connect_error(again.network_namespace, kFarAway, 80), 0);
  EXPECT_EQ(slurp(networks_->resolv_conf()).find("nameserver " + gateway()), 0U);
  ok(netlink_->remove_route({.to = {base, 16}, .link = up}));
}

TEST_F(HostNetworksTest, ATakenRangeIsNotChosen) {
  ok(networks_->remove_all());
  fs::remove_all(root_ / "t1");
  const unsigned up = netlink_->find_link("up0")->index;
  ok(netlink_->add_route({.to = {ip("10.0.0.0"), 8}, .link = up}));
  networks_ = start("t1");
  EXPECT_TRUE(attach("blog.web.1.r1").address.starts_with("172.16.0.")) << attach("x").address;
  ok(networks_->remove_all());
  ok(netlink_->remove_route({.to = {ip("10.0.0.0"), 8}, .link = up}));
}

TEST_F(HostNetworksTest, ARangeThatIsNamedIsTakenOnceNothingRuns) {
  const unsigned up = netlink_->find_link("up0")->index;
  ok(netlink_->add_route({.to = {ip("10.0.0.0"), 8}, .link = up}));
  const Endpoint web = attach("blog.web.1.r1");
  networks_.reset();
  range_ = "10.99.16.0/20";
  networks_ = start("t1");
  EXPECT_EQ(attach("blog.web.1.r1").address, web.address);
  ok(networks_->detach(web.id));
  networks_.reset();  // the next one's name server takes its place
  networks_ = start("t1");
  EXPECT_TRUE(attach("blog.web.1.r2").address.starts_with("10.99.16."));
  networks_.reset();
  networks_ = start("t1");
  EXPECT_TRUE(attach("blog.web.1.r3").address.starts_with("10.99.16."));
  range_ = "10.99.0.0/24";
  EXPECT_EQ(create("t1")->ensure().error().code(), Errc::invalid_argument);
  ok(netlink_->remove_route({.to = {ip("10.0.0.0"), 8}, .link = up}));
}

TEST_F(HostNetworksTest, AttachesInMilliseconds) {
  const auto start = std::chrono::steady_clock::now();
  constexpr int kCount = 20;
  for (int n = 0; n < kCount; ++n) attach("blog.web." + std::to_string(n));
  const auto took = std::chrono::steady_clock::now() - start;
  const auto each = std::chrono::duration_cast<std::chrono::microseconds>(took).count() / kCount;
  RecordProperty("attach_us", static_cast<int>(each));
  std::cout << "attach: " << each << " us each\n";
}

}  // namespace
}  // namespace dokku::runtime
