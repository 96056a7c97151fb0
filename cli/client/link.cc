#include "cli/client/link.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "cli/client/starting.h"
#include "cli/wire/transfer.h"

namespace dokku::cli {
namespace {

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::invalid_argument, "the socket's path is too long: " + path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_syscall("socket", errno);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    switch (errno) {
      case EINTR:
        continue;
      case EACCES:
      case EPERM:
        return fail(Errc::permission_denied, "no right to connect to " + path);
      case ENOENT:
        return fail(Errc::not_found, "no socket at " + path);
      case ECONNREFUSED:
        return fail(Errc::unavailable, "nobody listens on " + path);
      default:
        return fail_syscall("connect " + path, errno);
    }
  }
  return socket;
}

}  // namespace

Result<Link> Link::call(const std::string& socket, const wire::Call& call,
                        const std::vector<UniqueFd>& descriptors) {
  const std::string payload = wire::encode_call(call);
  if (payload.size() > wire::kCallBytesMax) {
    return fail(Errc::limit_exceeded, "the command line is too long");
  }
  UniqueFd connected = TRY(connect_to(socket));
  Link link(std::move(connected));
  const std::string frame =
      wire::encode(wire::FrameType::call, payload, static_cast<unsigned>(descriptors.size()));
  TRY(link.send_all(wire::greeting() + frame, descriptors));
  return link;
}

Result<> Link::send(wire::FrameType type, std::string_view payload,
                    const std::vector<UniqueFd>& descriptors) {
  return send_all(wire::encode(type, payload, static_cast<unsigned>(descriptors.size())),
                  descriptors);
}

Result<> Link::send_all(std::string_view bytes, const std::vector<UniqueFd>& descriptors) {
  std::size_t sent = TRY(wire::send_some(socket_.get(), bytes, descriptors));
  bytes.remove_prefix(sent);
  while (!bytes.empty()) {
    sent = TRY(wire::send_some(socket_.get(), bytes, {}));
    bytes.remove_prefix(sent);
  }
  return {};
}

Result<bool> Link::receive() {
  std::string bytes;
  const wire::Received received = TRY(wire::receive_some(socket_.get(), bytes, descriptors_));
  reader_.feed(bytes);
  return !received.end;
}

Result<std::optional<wire::Frame>> Link::next() {
  const std::optional<std::uint16_t> version = TRY(reader_.version());
  if (version && *version != wire::kVersion) {
    return fail(Errc::invalid_argument,
                "This program speaks version " + std::to_string(wire::kVersion) +
                    " of the protocol and the running dokkud version " + std::to_string(*version) +
                    "; nothing was done\n" +
                    (*version < wire::kVersion
                         ? "dokkud is the older one: restart it (" + how_to("restart") + ")"
                         : "This program is the older one: type the installed dokku's path"));
  }
  return reader_.next();
}

std::vector<UniqueFd> Link::take_descriptors(const wire::Frame& frame) {
  Result<std::vector<UniqueFd>> taken = wire::take_descriptors(descriptors_, frame.descriptors);
  return taken ? *std::move(taken) : std::vector<UniqueFd>();
}

}  // namespace dokku::cli
