#include "cli/wire/transfer.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "cli/wire/frame.h"

namespace dokku::cli::wire {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * kDescriptorsMax);
// More than this many unclaimed descriptors means a peer that fills our table.
constexpr std::size_t kUnclaimedMax = 2 * std::size_t{kDescriptorsMax};

void put_descriptors(msghdr& message, std::array<char, kControlBytes>& control,
                     const std::vector<UniqueFd>& fds) {
  if (fds.empty()) return;
  CHECK(fds.size() <= kDescriptorsMax);
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  for (std::size_t i = 0; i < fds.size(); ++i) {
    const int fd = fds[i].get();
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(int));
  }
}

void get_descriptors(msghdr& message, std::deque<UniqueFd>& fds) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

Result<std::size_t> send_some(int socket, std::string_view bytes,
                              const std::vector<UniqueFd>& fds) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  put_descriptors(message, control, fds);
  for (;;) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return std::size_t{0};
    if (errno == EPIPE || errno == ECONNRESET) return fail(Errc::cancelled, "the peer is gone");
    return fail_syscall("sendmsg", errno);
  }
}

Result<Received> receive_some(int socket, std::string& into, std::deque<UniqueFd>& fds) {
  std::array<char, 65536> buffer;  // NOLINT: filled by the kernel
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  iovec piece{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return Received{};
  if (got < 0 && errno == ECONNRESET) return Received{0, true};
  if (got < 0) return fail_syscall("recvmsg", errno);
  get_descriptors(message, fds);
  if ((message.msg_flags & MSG_CTRUNC) != 0 || fds.size() > kUnclaimedMax) {
    return fail(Errc::invalid_argument, "too many descriptors");
  }
  into.append(buffer.data(), static_cast<std::size_t>(got));
  return Received{static_cast<std::size_t>(got), got == 0};
}

Result<std::vector<UniqueFd>> take_descriptors(std::deque<UniqueFd>& fds, unsigned count) {
  if (fds.size() < count) {
    return fail(Errc::invalid_argument, "a frame's descriptors did not arrive");
  }
  std::vector<UniqueFd> taken;
  for (unsigned i = 0; i < count; ++i) {
    taken.push_back(std::move(fds.front()));
    fds.pop_front();
  }
  return taken;
}

}  // namespace dokku::cli::wire
