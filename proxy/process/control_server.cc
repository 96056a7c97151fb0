#include "proxy/process/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace dokku::proxy::process {
namespace {

constexpr int kBacklog = 64;

Result<sockaddr_un> name_of(const std::filesystem::path& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof name.sun_path) {
    return fail(Errc::invalid_argument, "socket path too long: " + path.string());
  }
  std::memcpy(name.sun_path, path.c_str(), path.native().size() + 1);
  return name;
}

UniqueFd unix_socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

class ControlServer::Connection final : public net::Watcher {
 public:
  Connection(ControlServer& server, std::uint64_t id, UniqueFd fd)
      : server_(server), id_(id), stream_(std::move(fd)) {}

  int fd() const { return stream_.fd(); }
  void reply(const ControlReply& reply);
  void on_events(std::uint32_t events) override;
  void on_again() override { advance(); }
  void end() { stream_.close(); }
  bool busy() const { return busy_; }

 private:
  void advance();
  bool read_all();
  void take_request();

  ControlServer& server_;
  std::uint64_t id_;
  net::Stream stream_;
  std::string in_;
  bool busy_ = false;
};

void ControlServer::Connection::on_events(std::uint32_t events) {
  stream_.note(events);
  advance();
}

void ControlServer::Connection::advance() {
  if (!stream_.flush() || !read_all()) return server_.hang_up(id_);
  if (!busy_) take_request();
}

// False: the peer has gone.
bool ControlServer::Connection::read_all() {
  while (stream_.readable()) {
    std::array<char, 16384> piece{};
    const net::Stream::Read got = stream_.read(piece.data(), piece.size());
    if (got.end || got.failed) return false;
    if (got.size == 0) break;
    in_.append(piece.data(), got.size);
  }
  return true;
}

void ControlServer::Connection::take_request() {
  Result<std::optional<std::string>> body = take_frame(in_);
  if (!body) {
    log::warn("control connection closed: " + body.error().message());
    return server_.hang_up(id_);
  }
  if (!body->has_value()) return;
  Result<ControlRequest> request = decode_request(**body);
  busy_ = true;
  if (!request) return reply({request.error(), {}});
  server_.handler_->on_request(id_, std::move(*request));
}

void ControlServer::Connection::reply(const ControlReply& reply) {
  busy_ = false;
  if (!stream_.write(frame(encode(reply)))) return server_.hang_up(id_);
  if (server_.let_go_) return server_.hang_up(id_);
  server_.loop_.again(*this);
}

ControlServer::ControlServer(net::Loop& loop, std::filesystem::path path, UniqueFd socket)
    : loop_(loop), path_(std::move(path)), socket_(std::move(socket)), allowed_{0, ::geteuid()} {}

ControlServer::~ControlServer() {
  if (!let_go_) ::unlink(path_.c_str());
}

std::unique_ptr<ControlServer> ControlServer::adopt(net::Loop& loop,
                                                    const std::filesystem::path& path,
                                                    UniqueFd socket) {
  return std::unique_ptr<ControlServer>(new ControlServer(loop, path, std::move(socket)));
}

void ControlServer::let_go() {
  let_go_ = true;
  loop_.unwatch(socket_.get());
  socket_.reset();
  std::vector<std::uint64_t> free;
  for (const auto& [id, connection] : connections_) {
    if (!connection->busy()) free.push_back(id);
  }
  for (const std::uint64_t id : free) hang_up(id);
}

Result<std::unique_ptr<ControlServer>> ControlServer::create(net::Loop& loop,
                                                             const std::filesystem::path& path) {
  const sockaddr_un name = TRY(name_of(path));
  const UniqueFd probe = unix_socket();
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
    return fail(Errc::conflict, "another proxy answers on " + path.string());
  }
  // Under another name first: where the socket can be seen, it also listens.
  std::filesystem::path fresh = path;
  fresh += ".new";
  const sockaddr_un fresh_name = TRY(name_of(fresh));
  ::unlink(fresh.c_str());
  UniqueFd socket = unix_socket();
  if (!socket.valid()) return fail_syscall("socket", errno);
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&fresh_name), sizeof fresh_name);
  const int err = errno;
  ::umask(mask);
  if (bound < 0) return fail_syscall("bind " + fresh.string(), err);
  if (::listen(socket.get(), kBacklog) < 0) return fail_syscall("listen " + path.string(), errno);
  if (::rename(fresh.c_str(), path.c_str()) < 0) {
    return fail_syscall("rename to " + path.string(), errno);
  }
  return std::unique_ptr<ControlServer>(new ControlServer(loop, path, std::move(socket)));
}

Result<> ControlServer::serve(Handler& handler) {
  handler_ = &handler;
  return loop_.watch(socket_.get(), *this);
}

void ControlServer::on_events(std::uint32_t) {
  for (;;) {
    UniqueFd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
                       std::find(allowed_.begin(), allowed_.end(), peer.uid) != allowed_.end();
    if (!known) continue;
    const std::uint64_t id = ++last_;
    auto connection = std::make_unique<Connection>(*this, id, std::move(fd));
    if (!loop_.watch(connection->fd(), *connection)) continue;
    connections_[id] = std::move(connection);
  }
}

void ControlServer::reply(std::uint64_t connection, const ControlReply& reply) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) found->second->reply(reply);
}

void ControlServer::hang_up(std::uint64_t connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  std::unique_ptr<Connection> gone = std::move(found->second);
  connections_.erase(found);
  gone->end();
  loop_.discard(std::move(gone));
  handler_->on_gone(connection);
}

}  // namespace dokku::proxy::process
