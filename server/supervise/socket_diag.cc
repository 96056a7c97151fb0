#include "server/supervise/socket_diag.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/io.h"

namespace dokku::server {
namespace {

constexpr std::size_t kAnswerBytes = 32 << 10;  // the kernel's own most for one part of an answer

Result<> enter(int network_namespace) {
  if (::setns(network_namespace, CLONE_NEWNET) == 0) return {};
  const int err = errno;
  if (err == EPERM) return fail(Errc::permission_denied, "setns: not allowed");
  return fail_syscall("setns", err);
}

// A socket asks about the namespace in which it was opened, whoever uses it later.
Result<UniqueFd> diag_socket_in(pid_t pid) {
  const UniqueFd ours = TRY(open_file("/proc/thread-self/ns/net", O_RDONLY));
  const UniqueFd theirs = TRY(open_file("/proc/" + std::to_string(pid) + "/ns/net", O_RDONLY));
  TRY(enter(theirs.get()));
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const int err = errno;
  // Whatever this thread does next must not happen inside a container.
  CHECK(enter(ours.get()).has_value());
  if (socket.valid()) return socket;
  if (err == EPROTONOSUPPORT) return fail(Errc::not_found, "no sock_diag");
  return fail_syscall("socket", err);
}

bool is_loopback(const inet_diag_msg& seen) {
  if (seen.idiag_family == AF_INET) return (ntohl(seen.id.idiag_src[0]) >> 24) == 127;
  in6_addr address{};
  std::memcpy(&address, seen.id.idiag_src, sizeof address);
  return IN6_IS_ADDR_LOOPBACK(&address) ||
         (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

Result<> ask(int socket, int family) {
  struct {
    nlmsghdr head;
    inet_diag_req_v2 wanted;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.wanted.sdiag_family = static_cast<std::uint8_t>(family);
  request.wanted.sdiag_protocol = IPPROTO_TCP;
  request.wanted.idiag_states = 1U << TCP_LISTEN;
  if (::send(socket, &request, sizeof request, 0) == sizeof request) return {};
  return fail_syscall("asking for sockets", errno);
}

Fail refused(const nlmsghdr& head) {
  nlmsgerr why{};
  if (head.nlmsg_len >= NLMSG_LENGTH(sizeof why)) std::memcpy(&why, NLMSG_DATA(&head), sizeof why);
  if (why.error == -ENOENT) return fail(Errc::not_found, "no sock_diag for this family");
  return fail_syscall("listing sockets", -why.error);
}

// One part of the answer. True: it was the last.
Result<bool> take_part(const char* bytes, std::size_t size, std::vector<Listener>* found) {
  while (size >= sizeof(nlmsghdr)) {
    nlmsghdr head{};
    std::memcpy(&head, bytes, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > size) break;
    if (head.nlmsg_type == NLMSG_DONE) return true;
    if (head.nlmsg_type == NLMSG_ERROR) return refused(*reinterpret_cast<const nlmsghdr*>(bytes));
    if (head.nlmsg_len >= NLMSG_LENGTH(sizeof(inet_diag_msg))) {
      inet_diag_msg seen{};
      std::memcpy(&seen, bytes + NLMSG_HDRLEN, sizeof seen);
      found->push_back({ntohs(seen.id.idiag_sport), is_loopback(seen)});
    }
    const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), size);
    bytes += step;
    size -= step;
  }
  return false;
}

}  // namespace

Result<std::vector<Listener>> listeners_of(pid_t pid) {
  const UniqueFd socket = TRY(diag_socket_in(pid));
  std::vector<Listener> found;
  alignas(nlmsghdr) std::array<char, kAnswerBytes> answer{};
  for (const int family : {AF_INET, AF_INET6}) {
    TRY(ask(socket.get(), family));
    for (bool last = false; !last;) {
      const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return fail_syscall("listing sockets", errno);
      last = TRY(take_part(answer.data(), static_cast<std::size_t>(got), &found));
    }
  }
  return found;
}

}  // namespace dokku::server
