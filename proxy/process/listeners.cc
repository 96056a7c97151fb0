#include "proxy/process/listeners.h"

#include <fcntl.h>

#include <utility>

#include "base/log.h"
#include "proxy/net/listen.h"

namespace dokku::proxy::process {

Result<> Listeners::open(std::uint16_t port) {
  std::vector<std::vector<UniqueFd>> sockets;
  for (const std::string& text : addresses_) {
    const net::Address address = TRY(net::Address::parse(text, port));
    Result<std::vector<UniqueFd>> opened = net::listen_on(address, workers_);
    const bool no_ipv6 =
        !opened && text == "::" && opened.error().code() == Errc::unavailable && !sockets.empty();
    if (no_ipv6) {
      log::warn("serving without IPv6: " + opened.error().message());
      continue;
    }
    if (!opened) return Fail(std::move(opened).error());
    sockets.push_back(std::move(*opened));
  }
  ports_[port] = std::move(sockets);
  return {};
}

std::vector<std::uint16_t> Listeners::ports() const {
  std::vector<std::uint16_t> all;
  for (const auto& [port, sockets] : ports_) all.push_back(port);
  return all;
}

std::vector<UniqueFd> Listeners::for_worker(std::uint16_t port, std::size_t worker) const {
  std::vector<UniqueFd> copies;
  const auto found = ports_.find(port);
  if (found == ports_.end()) return copies;
  for (const std::vector<UniqueFd>& sockets : found->second) {
    for (std::size_t i = worker % sockets.size(); i < sockets.size(); i += workers_) {
      copies.emplace_back(::fcntl(sockets[i].get(), F_DUPFD_CLOEXEC, 0));
    }
  }
  return copies;
}

void Listeners::adopt(std::uint16_t port, std::size_t address, UniqueFd socket) {
  std::vector<std::vector<UniqueFd>>& sockets = ports_[port];
  if (sockets.size() <= address) sockets.resize(address + 1);
  sockets[address].push_back(std::move(socket));
}

}  // namespace dokku::proxy::process
