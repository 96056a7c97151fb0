// Listeners: every listening socket of the proxy, held by the parent from bind to unbind.
//
// For each port, one socket per address and worker; a worker that is born anew gets the very same
// sockets as the one that died, so that connections waiting in them are not lost. After an upgrade
// with another number of workers, some serve several or share one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/net/address.h"

namespace dokku::proxy::process {

class Listeners {
 public:
  // `addresses` are literals; "::" is left out where the machine has no IPv6.
  Listeners(std::vector<std::string> addresses, std::size_t workers)
      : addresses_(std::move(addresses)), workers_(workers) {}

  // conflict: the port is taken, by whom we cannot know. Nothing is opened then.
  Result<> open(std::uint16_t port);
  void forget(std::uint16_t port) { ports_.erase(port); }
  void forget_all() { ports_.clear(); }
  bool has(std::uint16_t port) const { return ports_.contains(port); }
  std::vector<std::uint16_t> ports() const;
  // Copies of the sockets that are for this worker.
  std::vector<UniqueFd> for_worker(std::uint16_t port, std::size_t worker) const;

  // An upgrade passes on the very same sockets, one by one, in this order.
  template <class F>
  void each(F&& f) const {  // f(port, index of the address, socket)
    for (const auto& [port, sockets] : ports_) {
      for (std::size_t address = 0; address < sockets.size(); ++address) {
        for (const UniqueFd& fd : sockets[address]) f(port, address, fd);
      }
    }
  }
  void adopt(std::uint16_t port, std::size_t address, UniqueFd socket);

 private:
  std::vector<std::string> addresses_;
  std::size_t workers_;
  std::map<std::uint16_t, std::vector<std::vector<UniqueFd>>> ports_;  // [address][worker]
};

}  // namespace dokku::proxy::process
