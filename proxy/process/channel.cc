#include "proxy/process/channel.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/io.h"

namespace dokku::proxy::process {
namespace {

constexpr std::size_t kInlineBytesMax = 32 * 1024;
constexpr std::size_t kDescriptorsMax = 8;

struct Header {
  std::uint32_t kind;
  std::uint32_t in_file;  // 1: the payload is in the last descriptor
  std::uint64_t sequence;
};

union ControlBytes {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * kDescriptorsMax)];
};

Fail gone() { return fail(Errc::unavailable, "the other side of the channel has gone"); }

Result<UniqueFd> to_file(const std::string& payload) {
  UniqueFd file(::memfd_create("routes", MFD_CLOEXEC));
  if (!file.valid()) return fail_syscall("memfd_create", errno);
  TRY(write_all(file.get(), payload));
  return file;
}

Result<std::string> from_file(const UniqueFd& file) {
  struct stat info {};
  if (::fstat(file.get(), &info) < 0) return fail_syscall("fstat", errno);
  std::string payload(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t at = 0;
  while (at < payload.size()) {
    const ssize_t got =
        ::pread(file.get(), payload.data() + at, payload.size() - at, static_cast<off_t>(at));
    if (got <= 0) return fail_syscall("pread", errno);
    at += static_cast<std::size_t>(got);
  }
  return payload;
}

void attach(msghdr& header, ControlBytes& control, const std::vector<int>& fds) {
  if (fds.empty()) return;
  header.msg_control = control.bytes;
  header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  std::memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
}

std::vector<UniqueFd> detach(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> Channel::socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) < 0) {
    return fail_syscall("socketpair", errno);
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<bool> Channel::send_now(const Message& message) {
  Header head{static_cast<std::uint32_t>(message.kind), 0, message.sequence};
  std::vector<int> fds;
  for (const UniqueFd& fd : message.fds) fds.push_back(fd.get());
  UniqueFd file;
  if (message.payload.size() > kInlineBytesMax) {
    file = TRY(to_file(message.payload));
    fds.push_back(file.get());
    head.in_file = 1;
  }
  std::array<iovec, 2> pieces{};
  pieces[0] = {&head, sizeof head};
  pieces[1] = {const_cast<char*>(message.payload.data()), message.payload.size()};
  msghdr header{};
  header.msg_iov = pieces.data();
  header.msg_iovlen = head.in_file ? 1 : 2;
  ControlBytes control{};
  attach(header, control, fds);
  for (;;) {
    if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN) return false;
    if (errno != EINTR) return gone();
  }
}

Result<> Channel::send(Message message) {
  if (queue_.empty()) {
    const bool sent = TRY(send_now(message));
    if (sent) return {};
  }
  queue_.push_back(std::move(message));
  return {};
}

Result<> Channel::flush() {
  while (!queue_.empty()) {
    const bool sent = TRY(send_now(queue_.front()));
    if (!sent) break;
    queue_.pop_front();
  }
  return {};
}

Result<std::optional<Message>> Channel::receive() {
  Header head{};
  std::string payload(kInlineBytesMax, '\0');
  std::array<iovec, 2> pieces{};
  pieces[0] = {&head, sizeof head};
  pieces[1] = {payload.data(), payload.size()};
  ControlBytes control{};
  msghdr header{};
  header.msg_iov = pieces.data();
  header.msg_iovlen = pieces.size();
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<Message>();
  if (got < static_cast<ssize_t>(sizeof head)) return gone();
  Message message;
  message.fds = detach(header);
  message.kind = static_cast<MessageKind>(head.kind);
  message.sequence = head.sequence;
  if (head.in_file != 0) {
    if (message.fds.empty()) return gone();
    message.payload = TRY(from_file(message.fds.back()));
    message.fds.pop_back();
  } else {
    payload.resize(static_cast<std::size_t>(got) - sizeof head);
    message.payload = std::move(payload);
  }
  return std::optional<Message>(std::move(message));
}

}  // namespace dokku::proxy::process
