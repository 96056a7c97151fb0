#include "server/setup_door/session.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/log.h"

namespace dokku::server {
namespace {

constexpr int kBacklog = 64;
constexpr int kRestMillis = 500;
constexpr std::chrono::hours kPollMax{1};  // a poll's time is an int

// On a port that the kernel chooses; only this host gets there.
Result<UniqueFd> listen_here(std::uint16_t& port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail_syscall("socket", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, size) < 0) return fail_syscall("bind", errno);
  if (::listen(socket.get(), kBacklog) < 0) return fail_syscall("listen", errno);
  if (::getsockname(socket.get(), generic, &size) < 0) return fail_syscall("getsockname", errno);
  port = ntohs(address.sin_port);
  return socket;
}

}  // namespace

Result<std::unique_ptr<SetupSession>> SetupSession::open(Calls calls, Duration life) {
  CancelToken stop = TRY(CancelToken::create());
  std::unique_ptr<SetupSession> session(new SetupSession(std::move(calls), std::move(stop)));
  session->listener_ = TRY(listen_here(session->port_));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return fail_syscall("socketpair", errno);
  }
  session->channel_ = UniqueFd(ends[0]);
  session->workers_channel_ = UniqueFd(ends[1]);
  // A little longer than the link, so that it is found expired.
  session->ends_ = std::chrono::steady_clock::now() + life + std::chrono::seconds(1);
  session->thread_ = std::thread([raw = session.get()] { raw->run(); });
  return session;
}

SetupSession::~SetupSession() {
  close();
  if (thread_.joinable()) thread_.join();
}

void SetupSession::run() {
  std::thread worker([this] {
    const Result<> shown = calls_.show(listener_.get(), workers_channel_.get());
    if (!shown) log::warn("the set-up page: " + shown.error().message());
    // Whatever the worker had of them is gone, too; who still comes is refused.
    workers_channel_.reset();
    listener_.reset();
  });
  talk();
  channel_.reset();
  over_ = true;
  rest();
  if (!stop_.cancelled()) calls_.over();
  worker.join();
  finished_ = true;
}

// A worker that ends by itself is not started again at once, over and over.
void SetupSession::rest() {
  pollfd stop{stop_.fd(), POLLIN, 0};
  if (ends_ > std::chrono::steady_clock::now()) ::poll(&stop, 1, kRestMillis);
}

// Until it is closed, the link ends or the worker does.
void SetupSession::talk() {
  std::string bytes(kSetupMessageBytesMax, '\0');
  for (;;) {
    const Duration left = ends_ - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return;
    const auto wait =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::min<Duration>(left, kPollMax));
    std::array<pollfd, 2> seen{pollfd{channel_.get(), POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
    if (::poll(seen.data(), seen.size(), static_cast<int>(wait.count()) + 1) < 0) continue;
    if (seen[1].revents != 0) return;
    if (seen[0].revents == 0) continue;
    const ssize_t got = ::recv(channel_.get(), bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    const auto question =
        decode_setup_question(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
    if (!question) return;
    const std::string reply = encode(calls_.answer(*question));
    if (::send(channel_.get(), reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace dokku::server
