// Netlink: links, addresses, routes and neighbours of one network namespace, by rtnetlink.
//
// A socket belongs to the namespace of the thread that opened it, whoever uses it later. Every
// call waits for the kernel's answer. Errors: already_exists, not_found, else internal.
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct mnl_socket;
struct nlmsghdr;

namespace dokku::runtime {

using Ipv4 = std::uint32_t;  // host byte order
std::string to_string(Ipv4 address);

using Mac = std::array<std::uint8_t, 6>;

struct Prefix {
  Ipv4 base = 0;
  unsigned length = 32;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

struct Link {
  unsigned index = 0;
  std::string name;
  std::string alias;
  unsigned mtu = 0;
  bool running = false;  // packets can be sent: up, its other end too, and the kernel has seen it
};

struct Route {
  Prefix to;
  unsigned link = 0;  // 0: none
  Ipv4 gateway = 0;   // 0: on the link
  Ipv4 source = 0;    // preferred source address; 0: the kernel chooses
  bool unreachable = false;
};

struct VethPair {
  std::string name;
  Mac mac{};
  std::string peer_name;
  Mac peer_mac{};
  int peer_namespace = -1;
  unsigned mtu = 1500;
};

class Netlink {
 public:
  static Result<Netlink> open();

  Result<> create_veth(const VethPair& pair);
  // Up; with `alias` also named, forwarding, source-checked and without IPv6 address.
  Result<> set_up(const std::string& name, const std::string& alias = {});
  Result<> remove_link(const std::string& name);
  Result<Link> find_link(const std::string& name);
  Result<std::vector<Link>> links();

  Result<> add_address(unsigned link, Ipv4 address);
  Result<> remove_address(unsigned link, Ipv4 address);
  Result<> add_route(const Route& route);
  Result<> remove_route(const Route& route);
  // IPv4, of all tables, those to local addresses included.
  Result<std::vector<Route>> routes();
  Result<> add_neighbour(unsigned link, Ipv4 address, const Mac& mac);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  Result<> call(nlmsghdr* request, const std::string& doing);
  Result<> dump(nlmsghdr* request, const std::string& doing,
                const std::function<void(const nlmsghdr*)>& each);
  Result<> change_address(std::uint16_t type, unsigned link, Ipv4 address);
  Result<> change_route(std::uint16_t type, const Route& route);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace dokku::runtime
