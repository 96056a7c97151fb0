// RouteControl that also lets containers reach the ports of the host on which apps listen.
//
// An app calls another by its public address, which may be the host's with a port of the app's own.
// Put around the proxy's control by programs/dokkud. Threads: any. Errors: the proxy's; a port that
// could not be opened is logged.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "proxy/control/client.h"
#include "runtime/api/networks.h"

namespace dokku::server {

class OpeningRoutes final : public proxy::RouteControl {
 public:
  OpeningRoutes(proxy::RouteControl& inner, runtime::Networks& networks)
      : inner_(inner), networks_(networks) {}

  using RouteControl::put;
  using RouteControl::replace_all;
  Result<> put(const proxy::Group& group,
               const std::vector<proxy::Certificate>& certificates) override;
  Result<> remove(const std::string& key) override;
  Result<> replace_all(const std::vector<proxy::Group>& groups,
                       const std::vector<proxy::Certificate>& certificates) override;
  // After the daemon's start also what the proxy has from before counts.
  Result<std::vector<proxy::Group>> list() override;
  Result<> wait_drained(const std::vector<proxy::Target>& targets, Duration limit) override;

 private:
  void open();  // needs mutex_

  proxy::RouteControl& inner_;
  runtime::Networks& networks_;
  std::mutex mutex_;
  std::map<std::string, std::set<std::uint16_t>> ports_;  // by group
  std::set<std::uint16_t> opened_;
};

}  // namespace dokku::server
