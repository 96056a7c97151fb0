#include "proxy/control/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/guarded.h"
#include "base/io.h"
#include "base/unique_fd.h"
#include "proxy/control/messages.h"

namespace dokku::proxy {
namespace {

// A route change takes milliseconds; a proxy that is silent this long is as good as away.
constexpr std::chrono::seconds kReplyLimit{15};

class Connection {
 public:
  static Result<Connection> open(const std::filesystem::path& socket, Duration limit);
  Result<ControlReply> ask(const ControlRequest& request);

 private:
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  std::string received_;
};

Fail away(const std::filesystem::path& socket, int err) {
  return fail(Errc::unavailable, "the proxy does not answer on " + socket.string() + ": " +
                                     std::generic_category().message(err));
}

Result<Connection> Connection::open(const std::filesystem::path& socket, Duration limit) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof name.sun_path) {
    return fail(Errc::invalid_argument, "socket path too long: " + socket.string());
  }
  std::memcpy(name.sun_path, socket.c_str(), socket.native().size() + 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail_syscall("socket", errno);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(limit).count();
  timeval wait{};
  wait.tv_sec = micros / 1'000'000;
  wait.tv_usec = micros % 1'000'000;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0) {
    return away(socket, errno);
  }
  return Connection(std::move(fd));
}

Result<ControlReply> Connection::ask(const ControlRequest& request) {
  const std::string out = frame(encode(request));
  std::size_t sent = 0;
  while (sent < out.size()) {
    const ssize_t n = ::send(fd_.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::unavailable, "the proxy has closed its control connection");
    sent += static_cast<std::size_t>(n);
  }
  for (;;) {
    std::optional<std::string> body = TRY(take_frame(received_));
    if (body) return decode_reply(*body);
    std::array<char, 16384> piece{};
    const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail(Errc::unavailable, "the proxy gave no answer on its control connection");
    received_.append(piece.data(), static_cast<std::size_t>(n));
  }
}

class SocketRouteControl : public RouteControl {
 public:
  explicit SocketRouteControl(std::filesystem::path socket) : socket_(std::move(socket)) {}

  using RouteControl::put;
  using RouteControl::replace_all;

  Result<> put(const Group& group, const std::vector<Certificate>& certificates) override {
    ControlRequest request;
    request.op = ControlOp::put;
    request.groups = {group};
    request.certificates = certificates;
    return change(request);
  }

  Result<> remove(const std::string& key) override {
    ControlRequest request;
    request.op = ControlOp::remove;
    request.key = key;
    return change(request);
  }

  Result<> replace_all(const std::vector<Group>& groups,
                       const std::vector<Certificate>& certificates) override {
    ControlRequest request;
    request.op = ControlOp::replace_all;
    request.groups = groups;
    request.certificates = certificates;
    return change(request);
  }

  Result<std::vector<Group>> list() override {
    ControlReply reply = TRY(ask({}));
    return std::move(reply.groups);
  }

  Result<ProxyTraffic> traffic(const std::string& key) override {
    ControlRequest request;
    request.op = ControlOp::traffic;
    request.key = key;
    const ControlReply reply = TRY(ask(request));
    return decode_traffic(reply.traffic);
  }

  // On a connection of its own: a drain of half a minute must not hold up another app's switch.
  Result<> wait_drained(const std::vector<Target>& targets, Duration limit) override {
    ControlRequest request;
    request.op = ControlOp::wait_drained;
    request.targets = targets;
    request.limit = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
    Connection own = TRY(Connection::open(socket_, limit + kReplyLimit));
    const ControlReply reply = TRY(own.ask(request));
    if (reply.error) return Fail(*reply.error);
    return {};
  }

 private:
  Result<> change(const ControlRequest& request) {
    const ControlReply reply = TRY(ask(request));
    if (reply.error) return Fail(*reply.error);
    return {};
  }

  // The changes are idempotent, so a kept connection that turns out dead is simply made anew.
  Result<ControlReply> ask(const ControlRequest& request) {
    return kept_.with([&](std::optional<Connection>& kept) -> Result<ControlReply> {
      if (kept) {
        Result<ControlReply> reply = kept->ask(request);
        if (reply) return answered(std::move(*reply));
        kept.reset();
      }
      Connection fresh = TRY(Connection::open(socket_, kReplyLimit));
      ControlReply reply = TRY(fresh.ask(request));
      kept.emplace(std::move(fresh));
      return answered(std::move(reply));
    });
  }

  static Result<ControlReply> answered(ControlReply reply) {
    if (reply.error) return Fail(std::move(*reply.error));
    return reply;
  }

  std::filesystem::path socket_;
  Guarded<std::optional<Connection>> kept_;
};

}  // namespace

std::unique_ptr<RouteControl> connect_route_control(const std::filesystem::path& socket) {
  return std::make_unique<SocketRouteControl>(socket);
}

}  // namespace dokku::proxy
