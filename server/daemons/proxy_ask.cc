#include "server/daemons/proxy_ask.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/io.h"
#include "proxy/control/messages.h"
#include "server/daemons/socket_owner.h"

namespace dokku::server {

Result<> upgrade_proxy(const std::filesystem::path& control_socket, Duration limit) {
  const UniqueFd socket = TRY(connect_to(control_socket));
  proxy::ControlRequest request;
  request.op = proxy::ControlOp::upgrade;
  TRY(write_all(socket.get(), proxy::frame(proxy::encode(request))));
  std::string received;
  const TimePoint deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const std::optional<std::string> body = TRY(proxy::take_frame(received));
    if (body) {
      const proxy::ControlReply reply = TRY(proxy::decode_reply(*body));
      return reply.error ? Result<>(Fail(*reply.error)) : Result<>();
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{socket.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) {
      return fail(Errc::timed_out, "the running proxy gave no answer");
    }
    std::array<char, 4096> piece{};
    const Result<std::size_t> got = read_some(socket.get(), piece.data(), piece.size());
    if (!got || *got == 0) return fail(Errc::unavailable, "the running proxy ended");
    received.append(piece.data(), *got);
  }
}

}  // namespace dokku::server
