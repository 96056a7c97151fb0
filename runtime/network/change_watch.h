// ChangeWatch: tells when somebody changed the host's packet filter or its forwarding.
//
// Docker, ufw, firewalld and `nft flush ruleset` write rules while we run, and theirs may drop our
// packets or remove our own. The kernel announces each transaction (nfnetlink's group "nftables")
// and each change of forwarding (rtnetlink's "netconf"). Called by HostNetworks.
// Threads: one of its own, which calls `changed` after each burst, at most once in `kPause`: what
// `changed` itself writes is announced, too. The constructor's thread decides whose network it is.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "base/cancel.h"
#include "base/result.h"

struct mnl_socket;
struct nlmsghdr;

namespace dokku::runtime {

// Tables, chains, rules, and forwarding of the host as a whole. What comes and goes all day is no
// news: elements of sets, and settings of single links, of which ours have their own.
bool is_news(const nlmsghdr& message);

class ChangeWatch {
 public:
  static constexpr std::chrono::milliseconds kQuiet{150};  // a burst is over
  static constexpr std::chrono::milliseconds kBurstMax{1000};
  static constexpr std::chrono::milliseconds kPause{500};

  static Result<std::unique_ptr<ChangeWatch>> start(std::function<void()> changed);
  // Waits for a call that is under way: the caller must hold no lock that it takes.
  ~ChangeWatch();

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  using Socket = std::unique_ptr<mnl_socket, Close>;
  static Result<Socket> listen(int bus, int group);

  ChangeWatch(Socket rules, Socket settings, CancelToken stop, std::function<void()> changed);
  void run();
  bool wait(std::chrono::milliseconds limit);

  Socket rules_, settings_;
  CancelToken stop_;
  std::function<void()> changed_;
  std::thread thread_;  // last: runs as soon as it is built
};

}  // namespace dokku::runtime
