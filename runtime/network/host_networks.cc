#include "runtime/network/host_networks.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/atomic_file.h"
#include "base/io.h"
#include "base/log.h"
#include "runtime/network/address_book.h"
#include "runtime/network/change_watch.h"
#include "runtime/network/dns_forwarder.h"
#include "runtime/network/firewall.h"
#include "runtime/network/foreign_routes.h"
#include "runtime/network/namespace.h"
#include "runtime/network/netlink.h"
#include "runtime/network/subnet.h"

namespace dokku::runtime {
namespace fs = std::filesystem;
namespace {

constexpr const char* kForwardingFile = "/proc/sys/net/ipv4/ip_forward";
constexpr unsigned kLoopback = 1;  // the index of `lo` in every namespace
constexpr const char* kInside = "eth0";

// At most 10 characters, so that four digits fit a link's 15. Long names are cut and hashed.
std::string link_prefix(const std::string& instance) {
  if (instance.size() <= 8) return "dk" + instance + "-";
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (char c : instance) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  char text[8];
  std::snprintf(text, sizeof text, "%04x", hash & 0xffffU);
  return "dk" + instance.substr(0, 4) + text + "-";
}

// One label: what is neither letter nor digit becomes a hyphen.
std::string host_name(const std::string& id) {
  std::string name = id.substr(0, 63);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '_' || c == '.'; }, '-');
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

// Locally administered; `side` tells the two ends apart.
Mac mac(std::uint8_t side, unsigned number) {
  return {0x02,
          0x64,
          0x6b,
          side,
          static_cast<std::uint8_t>(number >> 8),
          static_cast<std::uint8_t>(number & 255U)};
}

Result<> make_folders(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail_syscall("mkdir " + path.string(), error.value());
  return {};
}

Result<> write_sysctl(const char* path, std::string_view value) {
  UniqueFd file = TRY(open_file(path, O_WRONLY));
  return write_all(file.get(), value);
}

// What is there already, or gone already, is as wanted.
Result<> unless(Errc fine, Result<> result) {
  if (!result && result.error().code() == fine) return {};
  return result;
}

}  // namespace

class HostNetworks : public Networks {
 public:
  HostNetworks(HostNetworkOptions options, Netlink netlink, Firewall firewall, AddressBook book)
      : options_(std::move(options)),
        prefix_(link_prefix(options_.name)),
        netlink_(std::move(netlink)),
        firewall_(std::move(firewall)),
        book_(std::move(book)) {}

  Result<> ensure() override {
    std::lock_guard hold(mutex_);
    TRY(make_folders(namespace_dir()));
    TRY(make_folders(run_dir() / "hosts"));
    TRY(make_folders(state_dir()));
    TRY(settle_subnet());
    TRY(adopt_links());
    TRY(write_resolv_conf());
    if (!forwarder_) {
      forwarder_ = TRY(DnsForwarder::start({.address = subnet_->gateway,
                                            .host_resolv_conf = options_.host_resolv_conf,
                                            .upstream_port = options_.dns_upstream_port}));
    }
    if (!watch_) watch_ = TRY(ChangeWatch::start([this] { keep_rules(); }));
    return {};
  }

  Result<Endpoint> attach(const ContainerId& id) override {
    std::lock_guard hold(mutex_);
    if (!subnet_) return fail(Errc::internal, "attach before ensure");
    const unsigned number = TRY(book_.assign(id.str()));
    const Endpoint endpoint = endpoint_of(id, number);
    if (stands(endpoint, number)) return endpoint;
    Result<> made = make(endpoint, number);
    if (!made) {
      const Result<> ignored = unmake(endpoint, number);
      return Fail(std::move(made).error().while_("network of " + id.str()));
    }
    TRY(book_.save());
    return endpoint;
  }

  Result<> detach(const ContainerId& id) override {
    std::lock_guard hold(mutex_);
    const auto known = book_.all().find(id.str());
    if (known == book_.all().end()) return {};
    const unsigned number = known->second;
    TRY(unmake(endpoint_of(id, number), number));
    book_.forget(id.str());
    return book_.save();
  }

  Result<std::vector<Endpoint>> list() override {
    std::lock_guard hold(mutex_);
    TRY(load_subnet());
    TRY(adopt_links());
    std::set<std::string> names;  // links and namespaces, either may be left of the other
    for (const auto& [id, number] : links_) names.insert(id);
    for (const std::string& name : namespaces()) names.insert(name);
    std::vector<Endpoint> found;
    for (const std::string& name : names) {
      const Result<ContainerId> id = ContainerId::parse(name);
      if (!id || !subnet_) continue;
      const unsigned number = TRY(book_.assign(name));
      found.push_back(endpoint_of(*id, number));
    }
    return found;
  }

  Result<> open_ports(const std::set<std::uint16_t>& ports) override {
    std::lock_guard hold(mutex_);
    TRY(firewall_.open_ports(ports));
    opened_ = ports;
    return {};
  }

  fs::path resolv_conf() const override { return run_dir() / "resolv.conf"; }

  Result<NetworkHealth> health() override {
    std::lock_guard hold(mutex_);
    const RulesetSurvey survey = TRY(firewall_.survey());
    const std::string forwarding = TRY(read_file(kForwardingFile, 16));
    NetworkHealth health{!forwarding.starts_with("0"), survey.own_table, {}, survey.neighbours};
    if (subnet_) {
      const std::vector<ForeignChain> closed = TRY(firewall_.still_closed(survey, *subnet_));
      for (const ForeignChain& chain : closed) {
        health.closed.insert(chain.family + " " + chain.table + " " + chain.chain);
      }
      health.range = subnet_->range_text();
      // Who names a range knows that what is routed there is not used.
      if (options_.range.empty())
        health.clashes = TRY(clashing_routes(&netlink_, own_routes(true)));
    }
    health.public_ports = opened_;
    health.public_ports.insert(options_.public_ports.begin(), options_.public_ports.end());
    return health;
  }

  Result<> remove_all() override {
    watch_.reset();  // it may wait for the lock
    std::lock_guard hold(mutex_);
    forwarder_.reset();
    TRY(load_subnet());
    TRY(remove_endpoints());
    const RulesetSurvey survey = TRY(firewall_.survey());
    TRY(firewall_.remove());
    if (survey.own_table) TRY(release_addresses());
    if (survey.forwarding_was_off && !survey.other_instances && !survey.others_forward) {
      TRY(write_sysctl(kForwardingFile, "0"));
    }
    std::error_code ignored;
    fs::remove_all(run_dir(), ignored);
    return {};
  }

 private:
  fs::path run_dir() const { return options_.run_dir / "network"; }
  fs::path state_dir() const { return options_.state_dir / "network"; }
  fs::path namespace_dir() const { return run_dir() / "netns"; }
  fs::path subnet_file() const { return state_dir() / "subnet"; }
  std::string link_name(unsigned number) const { return prefix_ + std::to_string(number); }
  std::string table() const { return "dokku_" + options_.name; }

  Endpoint endpoint_of(const ContainerId& id, unsigned number) const {
    return {id, namespace_dir() / id.str(), to_string(subnet_->address(number)),
            host_name(id.str()), run_dir() / "hosts" / id.str()};
  }

  // --- what all endpoints share ---

  Result<> load_subnet() {
    if (subnet_) return {};
    Result<std::string> text = read_file(subnet_file(), 4096);
    if (!text && text.error().code() == Errc::not_found) return {};
    if (!text) return Fail(std::move(text).error());
    Result<Subnet> subnet = Subnet::parse(*text);
    if (!subnet) return Fail(std::move(subnet).error().while_(subnet_file().string()));
    subnet_ = *std::move(subnet);
    return {};
  }

  // The stored one, unless something else took it while nothing of ours used it. Another instance
  // may choose the same at the same moment: who adds the address first has it.
  Result<> settle_subnet() {
    TRY(load_subnet());
    const RulesetSurvey survey = TRY(firewall_.survey());
    const bool up = survey.own_table;
    const std::vector<Route> foreign = TRY(foreign_routes(&netlink_, own_routes(up)));
    const std::vector<Prefix> taken = prefixes(foreign);
    TRY(adopt_links());
    std::optional<Prefix> wanted;
    if (!options_.range.empty()) wanted = TRY(parse_range(options_.range));
    if (subnet_ && (!links_.empty() || suits(*subnet_, wanted, taken))) {
      TRY(write_rules());
      Result<> claimed = claim_addresses();
      if (up || claimed || claimed.error().code() != Errc::already_exists) {
        return unless(Errc::already_exists, std::move(claimed));
      }
    }
    if (subnet_) log::warn("subnet " + subnet_->range_text() + " is in use: choosing another");
    if (up) TRY(release_addresses());
    forwarder_.reset();
    return take_free_subnet(wanted, taken);
  }

  static bool suits(const Subnet& subnet, const std::optional<Prefix>& wanted,
                    const std::vector<Prefix>& taken) {
    return wanted ? subnet.range == *wanted : !clashes(subnet, taken);
  }

  Result<> take_free_subnet(const std::optional<Prefix>& wanted, std::vector<Prefix> taken) {
    for (;;) {
      subnet_ = TRY(wanted ? subnet_in(*wanted, taken) : choose_subnet(taken));
      TRY(write_file_atomically(subnet_file(), subnet_->text() + "\n", 0644));
      TRY(write_rules());
      Result<> claimed = claim_addresses();
      if (claimed || claimed.error().code() != Errc::already_exists) return claimed;
      taken.push_back(subnet_->range);
      taken.push_back({subnet_->gateway, 32});
    }
  }

  // `up`: what the host routes to the stored subnet is ours.
  OwnRoutes own_routes(bool up) const { return {prefix_, up ? subnet_ : std::nullopt}; }

  // The gateway's address, and an end for packets to containers that are gone: they would leave by
  // the default route. Both also tell other instances that the subnet is taken.
  // already_exists: they are there, ours from before or another's.
  Result<> claim_addresses() {
    Result<> address = netlink_.add_address(kLoopback, subnet_->gateway);
    if (!address && address.error().code() != Errc::already_exists) return address;
    Result<> route = netlink_.add_route({.to = subnet_->range, .unreachable = true});
    if (!route) return route;
    return address;
  }

  Result<> release_addresses() {
    if (!subnet_) return {};
    TRY(unless(Errc::not_found, netlink_.remove_address(kLoopback, subnet_->gateway)));
    return unless(Errc::not_found,
                  netlink_.remove_route({.to = subnet_->range, .unreachable = true}));
  }

  Result<> write_rules() {
    const RulesetSurvey survey = TRY(firewall_.survey());
    const std::string forwarding = TRY(read_file(kForwardingFile, 16));
    forwarding_was_off_ =
        forwarding_was_off_ || survey.forwarding_was_off || forwarding.starts_with("0");
    TRY(firewall_.apply({.table = table(),
                         .link_prefix = prefix_,
                         .subnet = *subnet_,
                         .public_ports = options_.public_ports,
                         .forwarding_was_off = forwarding_was_off_,
                         .track_loopback = survey.others_rewrite_local}));
    tracks_loopback_ = survey.others_rewrite_local;
    if (!opened_.empty()) TRY(firewall_.open_ports(opened_));
    if (forwarding.starts_with("0")) TRY(write_sysctl(kForwardingFile, "1"));
    // Not an end: who followed the advice in the message has a firewall that lets us through.
    const Result<> opened = firewall_.open_foreign(survey, *subnet_);
    if (!opened) log::warn(opened.error().message());
    return {};
  }

  // Called when somebody changed the packet filter: Docker was installed, firewalld was reloaded,
  // rules were flushed. Does nothing while all is as it should be, since what it writes calls it.
  void keep_rules() {
    std::lock_guard hold(mutex_);
    const Result<> kept = put_back_rules();
    if (!kept) log::warn("packet filter: " + kept.error().message());
  }

  Result<> put_back_rules() {
    if (!subnet_) return {};
    const RulesetSurvey survey = TRY(firewall_.survey());
    const std::string forwarding = TRY(read_file(kForwardingFile, 16));
    const bool stands = survey.own_table && survey.others_rewrite_local == tracks_loopback_ &&
                        !forwarding.starts_with("0");
    if (!stands) {
      log::info("the host's packet filter was changed: the rules of this instance are put back");
      return write_rules();
    }
    const std::vector<ForeignChain> closed = TRY(firewall_.still_closed(survey, *subnet_));
    if (closed.empty() || closed == refused_) return {};
    log::info("a firewall of the host would drop what apps send: it is told about them");
    Result<> opened = firewall_.open_foreign(survey, *subnet_);
    // Said once: whoever refuses does so at each of their reloads.
    refused_ = opened ? std::vector<ForeignChain>() : closed;
    return opened;
  }

  Result<> write_resolv_conf() {
    return write_file_atomically(
        resolv_conf(),
        "nameserver " + to_string(subnet_->gateway) + "\noptions timeout:2 attempts:3\n", 0644);
  }

  unsigned uplink_mtu() {
    constexpr unsigned kUsual = 1500;
    const Result<std::vector<Route>> routes = netlink_.routes();
    const Result<std::vector<Link>> links = netlink_.links();
    if (!routes || !links) return kUsual;
    for (const Route& route : *routes) {
      if (route.to.length != 0 || route.link == 0) continue;
      for (const Link& link : *links) {
        if (link.index == route.link && link.mtu >= 576) return std::min(link.mtu, 65535U);
      }
    }
    return kUsual;
  }

  // --- endpoints ---

  // What the kernel has is the truth: the book follows.
  Result<> adopt_links() {
    links_.clear();
    const std::vector<Link> all = TRY(netlink_.links());
    for (const Link& link : all) {
      if (!link.name.starts_with(prefix_) || link.alias.empty()) continue;
      const unsigned number =
          static_cast<unsigned>(std::strtoul(link.name.c_str() + prefix_.size(), nullptr, 10));
      if (number < Subnet::kFirst || number > Subnet::kLast) continue;
      links_[link.alias] = number;
      book_.adopt(link.alias, number);
    }
    return {};
  }

  std::vector<std::string> namespaces() const {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(namespace_dir(), error), end; !error && at != end;
         at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    return names;
  }

  bool stands(const Endpoint& endpoint, unsigned number) {
    if (!is_namespace(endpoint.network_namespace)) return false;
    const Result<Link> link = netlink_.find_link(link_name(number));
    return link && link->alias == endpoint.id.str();
  }

  Result<> make(const Endpoint& endpoint, unsigned number) {
    TRY(unmake(endpoint, number));
    NewNamespace fresh = TRY(create_namespace(endpoint.network_namespace));
    TRY(netlink_.create_veth({.name = link_name(number),
                              .mac = mac(1, number),
                              .peer_name = kInside,
                              .peer_mac = mac(2, number),
                              .peer_namespace = fresh.fd.get(),
                              .mtu = uplink_mtu()}));
    TRY(configure_inside(&fresh.inside, number));
    TRY(configure_outside(endpoint, number));
    TRY(wait_until_running(&fresh.inside));
    links_[endpoint.id.str()] = number;
    return write_hosts(endpoint);
  }

  // Neighbours are set by hand, so nothing ever waits for ARP.
  Result<> configure_inside(Netlink* inside, unsigned number) {
    TRY(inside->set_up("lo"));
    TRY(inside->set_up(kInside));
    const Link link = TRY(inside->find_link(kInside));
    TRY(inside->add_address(link.index, subnet_->address(number)));
    TRY(inside->add_route({.to = {subnet_->gateway, 32}, .link = link.index}));
    TRY(inside->add_route({.to = {0, 0}, .link = link.index, .gateway = subnet_->gateway}));
    return inside->add_neighbour(link.index, subnet_->gateway, mac(1, number));
  }

  Result<> configure_outside(const Endpoint& endpoint, unsigned number) {
    const std::string name = link_name(number);
    TRY(netlink_.set_up(name, endpoint.id.str()));
    const Link link = TRY(netlink_.find_link(name));
    TRY(netlink_.add_route(
        {.to = {subnet_->address(number), 32}, .link = link.index, .source = subnet_->gateway}));
    return netlink_.add_neighbour(link.index, subnet_->address(number), mac(2, number));
  }

  // The end that came up first sends nothing before a kernel worker has seen the other: a lost SYN
  // would cost the app's first connection a second. Kernels from 6.8 on settle it when asked.
  static Result<> wait_until_running(Netlink* inside) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    for (;;) {
      const Link link = TRY(inside->find_link(kInside));
      if (link.running) return {};
      if (std::chrono::steady_clock::now() > until) {
        return fail(Errc::timed_out, "the link to the container does not come up");
      }
      ::sched_yield();
    }
  }

  Result<> write_hosts(const Endpoint& endpoint) {
    const std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" +
                             endpoint.address + " " + endpoint.hostname + "\n";
    UniqueFd file =
        TRY(open_file(endpoint.hosts_file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
    if (::fchmod(file.get(), 0644) < 0) return fail_syscall("chmod", errno);
    return write_all(file.get(), text);
  }

  Result<> unmake(const Endpoint& endpoint, unsigned number) {
    TRY(unless(Errc::not_found, netlink_.remove_link(link_name(number))));
    TRY(remove_namespace(endpoint.network_namespace));
    ::unlink(endpoint.hosts_file.c_str());
    links_.erase(endpoint.id.str());
    return {};
  }

  // Also what has no alias or no namespace any more.
  Result<> remove_endpoints() {
    const std::vector<Link> all = TRY(netlink_.links());
    for (const Link& link : all) {
      if (!link.name.starts_with(prefix_)) continue;
      TRY(unless(Errc::not_found, netlink_.remove_link(link.name)));
    }
    for (const std::string& name : namespaces()) TRY(remove_namespace(namespace_dir() / name));
    links_.clear();
    return {};
  }

  const HostNetworkOptions options_;
  const std::string prefix_;
  std::mutex mutex_;  // of all below
  std::set<std::uint16_t> opened_;
  Netlink netlink_;
  Firewall firewall_;
  AddressBook book_;
  std::optional<Subnet> subnet_;
  std::map<std::string, unsigned> links_;  // as seen on the host: id, number
  std::unique_ptr<DnsForwarder> forwarder_;
  bool forwarding_was_off_ = false;     // before the first instance came up
  bool tracks_loopback_ = false;        // as the rules were written
  std::vector<ForeignChain> refused_;   // could not be opened for us
  std::unique_ptr<ChangeWatch> watch_;  // last: it ends before what it calls
};

Result<std::unique_ptr<Networks>> create_host_networks(const HostNetworkOptions& options) {
  const bool name_ok = !options.name.empty() && options.name.size() <= 12 &&
                       std::all_of(options.name.begin(), options.name.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                       });
  if (!name_ok) return fail(Errc::invalid_argument, "instance name: " + options.name);
  Netlink netlink = TRY(Netlink::open());
  Firewall firewall("dokku_" + options.name, link_prefix(options.name), options.worker_program);
  AddressBook book = TRY(AddressBook::load(options.state_dir / "network" / "addresses",
                                           Subnet::kFirst, Subnet::kLast));
  return std::unique_ptr<Networks>(std::make_unique<HostNetworks>(
      options, std::move(netlink), std::move(firewall), std::move(book)));
}

}  // namespace dokku::runtime
