#include "runtime/network/change_watch.h"

#include <libmnl/libmnl.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace dokku::runtime {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool changes_rules(const nlmsghdr& message) {
  if (NFNL_SUBSYS_ID(message.nlmsg_type) != NFNL_SUBSYS_NFTABLES) return false;
  switch (NFNL_MSG_TYPE(message.nlmsg_type)) {
    case NFT_MSG_NEWTABLE:
    case NFT_MSG_DELTABLE:
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      return true;
    default:
      return false;
  }
}

bool changes_forwarding(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWNETCONF) return false;
  bool all = false;
  auto on_attribute = [](const nlattr* attribute, void* found) {
    if (mnl_attr_get_type(attribute) == NETCONFA_IFINDEX) {
      *static_cast<bool*>(found) =
          static_cast<int>(mnl_attr_get_u32(attribute)) == NETCONFA_IFINDEX_ALL;
    }
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, sizeof(netconfmsg), on_attribute, &all);
  return all;
}

// Whether there was news among all that came. A buffer that ran over (ENOBUFS) is news.
bool drain(const mnl_socket* socket) {
  alignas(nlmsghdr) std::array<char, 32768> bytes;  // NOLINT: filled by recv
  bool news = false;
  for (;;) {
    const ssize_t got = ::recv(mnl_socket_get_fd(socket), bytes.data(), bytes.size(), MSG_DONTWAIT);
    const bool ran_over = got < 0 && errno == ENOBUFS;
    if (got <= 0 && !ran_over && errno != EINTR) return news;
    news = news || ran_over;
    int left = static_cast<int>(got);
    const auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      news = news || is_news(*message);
    }
  }
}

}  // namespace

bool is_news(const nlmsghdr& message) {
  return changes_rules(message) || changes_forwarding(message);
}

void ChangeWatch::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Result<ChangeWatch::Socket> ChangeWatch::listen(int bus, int group) {
  Socket socket(mnl_socket_open2(bus, SOCK_CLOEXEC));
  if (socket == nullptr) return fail_syscall("netlink socket", errno);
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
      mnl_socket_setsockopt(socket.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
    return fail_syscall("listening to changes of the network", errno);
  }
  return socket;
}

Result<std::unique_ptr<ChangeWatch>> ChangeWatch::start(std::function<void()> changed) {
  Socket rules = TRY(listen(NETLINK_NETFILTER, NFNLGRP_NFTABLES));
  Socket settings = TRY(listen(NETLINK_ROUTE, RTNLGRP_IPV4_NETCONF));
  CancelToken stop = TRY(CancelToken::create());
  return std::unique_ptr<ChangeWatch>(
      new ChangeWatch(std::move(rules), std::move(settings), std::move(stop), std::move(changed)));
}

ChangeWatch::ChangeWatch(Socket rules, Socket settings, CancelToken stop,
                         std::function<void()> changed)
    : rules_(std::move(rules)),
      settings_(std::move(settings)),
      stop_(std::move(stop)),
      changed_(std::move(changed)),
      thread_([this] { run(); }) {}

ChangeWatch::~ChangeWatch() {
  stop_.cancel();
  thread_.join();
}

void ChangeWatch::run() {
  while (!stop_.cancelled()) {
    if (!wait(milliseconds(-1))) continue;
    const auto begun = Clock::now();
    while (Clock::now() - begun < kBurstMax && wait(kQuiet)) {
    }
    if (stop_.cancelled()) return;
    changed_();
    pollfd stop{stop_.fd(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(kPause.count()));
  }
}

// Whether there was news within the limit; negative: without one.
bool ChangeWatch::wait(milliseconds limit) {
  std::array<pollfd, 3> polled{{{stop_.fd(), POLLIN, 0},
                                {mnl_socket_get_fd(rules_.get()), POLLIN, 0},
                                {mnl_socket_get_fd(settings_.get()), POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), static_cast<int>(limit.count())) < 1) return false;
  if (polled[0].revents != 0) return false;
  const bool rules = drain(rules_.get());
  const bool settings = drain(settings_.get());
  return rules || settings;
}

}  // namespace dokku::runtime
