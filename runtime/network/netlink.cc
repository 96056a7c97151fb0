#include "runtime/network/netlink.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>
#include <cstdio>

namespace dokku::runtime {
namespace {

constexpr std::size_t kBufferBytes = 16384;

// One request being built.
struct Request {
  explicit Request(std::uint16_t type, std::uint16_t flags = 0)
      : header(mnl_nlmsg_put_header(bytes)) {
    header->nlmsg_type = type;
    header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  template <class T>
  T* extra() {
    return static_cast<T*>(mnl_nlmsg_put_extra_header(header, sizeof(T)));
  }
  void put(std::uint16_t type, Ipv4 address) { mnl_attr_put_u32(header, type, htonl(address)); }
  void put(std::uint16_t type, const Mac& mac) {
    mnl_attr_put(header, type, mac.size(), mac.data());
  }
  void put(std::uint16_t type, const std::string& text) {
    mnl_attr_put_strz(header, type, text.c_str());
  }

  alignas(nlmsghdr) char bytes[2048] = {};
  nlmsghdr* header;
};

Error to_error(int err, const std::string& doing) {
  Error error = Error::syscall(doing, err);
  switch (err) {
    case EEXIST:
      return {Errc::already_exists, error.message()};
    case ENODEV:
    case ESRCH:
    case ENOENT:
    case EADDRNOTAVAIL:
      return {Errc::not_found, error.message()};
    default:
      return error;
  }
}

// libmnl's own loop macro does not compile as C++.
template <class F>
void for_each_attribute(const nlmsghdr* message, unsigned offset, F&& each) {
  auto on_attribute = [](const nlattr* attribute, void* data) {
    (*static_cast<F*>(data))(attribute, mnl_attr_get_type(attribute));
    return MNL_CB_OK;
  };
  mnl_attr_parse(message, offset, on_attribute, &each);
}

Link parse_link(const nlmsghdr* message) {
  const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  Link link;
  link.index = static_cast<unsigned>(info->ifi_index);
  for_each_attribute(message, sizeof *info, [&](const nlattr* attribute, int type) {
    if (type == IFLA_IFNAME) link.name = mnl_attr_get_str(attribute);
    if (type == IFLA_IFALIAS) link.alias = mnl_attr_get_str(attribute);
    if (type == IFLA_MTU) link.mtu = mnl_attr_get_u32(attribute);
    if (type == IFLA_OPERSTATE) link.running = mnl_attr_get_u8(attribute) == IF_OPER_UP;
  });
  return link;
}

Route parse_route(const nlmsghdr* message) {
  const auto* info = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  Route route;
  route.to.length = info->rtm_dst_len;
  route.unreachable = info->rtm_type == RTN_UNREACHABLE;
  for_each_attribute(message, sizeof *info, [&](const nlattr* attribute, int type) {
    if (type == RTA_DST) route.to.base = ntohl(mnl_attr_get_u32(attribute));
    if (type == RTA_OIF) route.link = mnl_attr_get_u32(attribute);
    if (type == RTA_GATEWAY) route.gateway = ntohl(mnl_attr_get_u32(attribute));
    if (type == RTA_PREFSRC) route.source = ntohl(mnl_attr_get_u32(attribute));
  });
  return route;
}

}  // namespace

std::string to_string(Ipv4 address) {
  char text[16];
  std::snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, (address >> 16) & 255U,
                (address >> 8) & 255U, address & 255U);
  return text;
}

void Netlink::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Result<Netlink> Netlink::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) return fail_syscall("netlink socket", errno);
  Netlink netlink(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
    return fail_syscall("netlink bind", errno);
  return netlink;
}

Result<> Netlink::call(nlmsghdr* request, const std::string& doing) {
  request->nlmsg_flags |= NLM_F_ACK;
  return dump(request, doing, [](const nlmsghdr*) {});
}

Result<> Netlink::dump(nlmsghdr* request, const std::string& doing,
                       const std::function<void(const nlmsghdr*)>& each) {
  request->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), request, request->nlmsg_len) < 0) {
    return fail_syscall(doing, errno);
  }
  auto on_message = [](const nlmsghdr* message, void* data) {
    (*static_cast<const std::function<void(const nlmsghdr*)>*>(data))(message);
    return MNL_CB_OK;
  };
  void* data = const_cast<std::function<void(const nlmsghdr*)>*>(&each);
  alignas(nlmsghdr) char buffer[kBufferBytes];
  for (;;) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_syscall(doing, errno);
    const int more = mnl_cb_run(buffer, static_cast<std::size_t>(got), sequence_,
                                mnl_socket_get_portid(socket_.get()), on_message, data);
    if (more < 0) return Fail(to_error(errno, doing));
    if (more == 0) return {};
  }
}

Result<> Netlink::create_veth(const VethPair& pair) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.extra<ifinfomsg>();
  request.put(IFLA_IFNAME, pair.name);
  mnl_attr_put_u32(request.header, IFLA_MTU, pair.mtu);
  request.put(IFLA_ADDRESS, pair.mac);
  nlattr* const info = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
  mnl_attr_put_str(request.header, IFLA_INFO_KIND, "veth");
  nlattr* const data = mnl_attr_nest_start(request.header, IFLA_INFO_DATA);
  nlattr* const peer = mnl_attr_nest_start(request.header, VETH_INFO_PEER);
  request.extra<ifinfomsg>();
  request.put(IFLA_IFNAME, pair.peer_name);
  mnl_attr_put_u32(request.header, IFLA_MTU, pair.mtu);
  request.put(IFLA_ADDRESS, pair.peer_mac);
  mnl_attr_put_u32(request.header, IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.peer_namespace));
  mnl_attr_nest_end(request.header, peer);
  mnl_attr_nest_end(request.header, data);
  mnl_attr_nest_end(request.header, info);
  return call(request.header, "creating link " + pair.name);
}

Result<> Netlink::set_up(const std::string& name, const std::string& alias) {
  Request request(RTM_NEWLINK);
  auto* info = request.extra<ifinfomsg>();
  info->ifi_flags = IFF_UP;
  info->ifi_change = IFF_UP;
  request.put(IFLA_IFNAME, name);
  if (!alias.empty()) {
    mnl_attr_put_str(request.header, IFLA_IFALIAS, alias.c_str());
    nlattr* const families = mnl_attr_nest_start(request.header, IFLA_AF_SPEC);
    nlattr* const inet = mnl_attr_nest_start(request.header, AF_INET);
    nlattr* const conf = mnl_attr_nest_start(request.header, IFLA_INET_CONF);
    mnl_attr_put_u32(request.header, IPV4_DEVCONF_FORWARDING, 1);
    mnl_attr_put_u32(request.header, IPV4_DEVCONF_RP_FILTER, 1);
    mnl_attr_put_u32(request.header, IPV4_DEVCONF_SEND_REDIRECTS, 0);
    mnl_attr_nest_end(request.header, conf);
    mnl_attr_nest_end(request.header, inet);
    mnl_attr_nest_end(request.header, families);
  }
  return call(request.header, "setting up link " + name);
}

Result<> Netlink::remove_link(const std::string& name) {
  Request request(RTM_DELLINK);
  request.extra<ifinfomsg>();
  request.put(IFLA_IFNAME, name);
  return call(request.header, "removing link " + name);
}

Result<Link> Netlink::find_link(const std::string& name) {
  Request request(RTM_GETLINK);
  request.extra<ifinfomsg>();
  request.put(IFLA_IFNAME, name);
  request.header->nlmsg_flags |= NLM_F_ACK;
  Link found;
  TRY(dump(request.header, "looking for link " + name,
           [&](const nlmsghdr* message) { found = parse_link(message); }));
  return found;
}

Result<std::vector<Link>> Netlink::links() {
  Request request(RTM_GETLINK, NLM_F_DUMP);
  request.extra<ifinfomsg>();
  std::vector<Link> found;
  TRY(dump(request.header, "listing links",
           [&](const nlmsghdr* message) { found.push_back(parse_link(message)); }));
  return found;
}

Result<> Netlink::change_address(std::uint16_t type, unsigned link, Ipv4 address) {
  Request request(type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0);
  auto* info = request.extra<ifaddrmsg>();
  info->ifa_family = AF_INET;
  info->ifa_prefixlen = 32;
  info->ifa_scope = RT_SCOPE_UNIVERSE;
  info->ifa_index = link;
  request.put(IFA_LOCAL, address);
  request.put(IFA_ADDRESS, address);
  return call(request.header, "changing address " + to_string(address));
}

Result<> Netlink::add_address(unsigned link, Ipv4 address) {
  return change_address(RTM_NEWADDR, link, address);
}

Result<> Netlink::remove_address(unsigned link, Ipv4 address) {
  return change_address(RTM_DELADDR, link, address);
}

Result<> Netlink::change_route(std::uint16_t type, const Route& route) {
  Request request(type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0);
  auto* info = request.extra<rtmsg>();
  info->rtm_family = AF_INET;
  info->rtm_dst_len = static_cast<unsigned char>(route.to.length);
  info->rtm_table = RT_TABLE_MAIN;
  info->rtm_protocol = RTPROT_STATIC;
  info->rtm_type = route.unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
  const bool on_link = !route.unreachable && route.gateway == 0;
  info->rtm_scope = on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  if (route.to.length > 0) request.put(RTA_DST, route.to.base);
  if (route.link != 0) mnl_attr_put_u32(request.header, RTA_OIF, route.link);
  if (route.gateway != 0) request.put(RTA_GATEWAY, route.gateway);
  if (route.source != 0) request.put(RTA_PREFSRC, route.source);
  return call(request.header, "changing route to " + to_string(route.to.base));
}

Result<> Netlink::add_route(const Route& route) { return change_route(RTM_NEWROUTE, route); }
Result<> Netlink::remove_route(const Route& route) { return change_route(RTM_DELROUTE, route); }

Result<std::vector<Route>> Netlink::routes() {
  Request request(RTM_GETROUTE, NLM_F_DUMP);
  request.extra<rtmsg>()->rtm_family = AF_INET;
  std::vector<Route> found;
  TRY(dump(request.header, "listing routes",
           [&](const nlmsghdr* message) { found.push_back(parse_route(message)); }));
  return found;
}

Result<> Netlink::add_neighbour(unsigned link, Ipv4 address, const Mac& mac) {
  Request request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  auto* info = request.extra<ndmsg>();
  info->ndm_family = AF_INET;
  info->ndm_ifindex = static_cast<int>(link);
  info->ndm_state = NUD_PERMANENT;
  request.put(NDA_DST, address);
  request.put(NDA_LLADDR, mac);
  return call(request.header, "setting neighbour " + to_string(address));
}

}  // namespace dokku::runtime
