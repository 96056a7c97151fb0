#include "cli/session/server.h"

#include <pwd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "cli/session/socket_session.h"

namespace dokku::cli {
namespace {

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    return fail(Errc::invalid_argument, "the socket's path is too long: " + path.string());
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  return address;
}

Result<UniqueFd> unix_socket(int more_flags) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | more_flags, 0));
  if (!fd.valid()) return fail_syscall("socket", errno);
  return fd;
}

// A socket file that nobody listens on is left from a daemon that was killed.
Result<> remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  UniqueFd probe = TRY(unix_socket(0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(probe.get(), generic, sizeof address) == 0) {
    return fail(Errc::already_exists, "another dokkud answers on " + path.string());
  }
  if (::unlink(path.c_str()) < 0 && errno != ENOENT) {
    return fail_syscall("unlink " + path.string(), errno);
  }
  return {};
}

// Bound under another name and renamed into place when its rights are set: no client can connect
// before, and none finds a socket that does not listen yet.
Result<UniqueFd> listen_on(const ServerOptions& options) {
  const sockaddr_un final_address = TRY(address_of(options.socket));
  TRY(remove_stale(options.socket, final_address));
  std::filesystem::path draft = options.socket;
  draft += ".new";
  const sockaddr_un address = TRY(address_of(draft));
  ::unlink(draft.c_str());
  UniqueFd listener = TRY(unix_socket(SOCK_NONBLOCK));
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    return fail_syscall("bind " + draft.string(), errno);
  }
  if (options.group && ::chown(draft.c_str(), static_cast<uid_t>(-1), *options.group) < 0) {
    return fail_syscall("chown " + draft.string(), errno);
  }
  if (::chmod(draft.c_str(), options.group ? 0660 : 0600) < 0) {
    return fail_syscall("chmod " + draft.string(), errno);
  }
  if (::listen(listener.get(), 512) < 0) return fail_syscall("listen", errno);
  if (::rename(draft.c_str(), options.socket.c_str()) < 0) {
    return fail_syscall("rename " + draft.string(), errno);
  }
  return listener;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(ServerOptions options, Dispatch dispatch) {
  UniqueFd listener = TRY(listen_on(options));
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return fail_syscall("epoll_create1", errno);
  return std::unique_ptr<Server>(
      new Server(std::move(options), std::move(dispatch), std::move(listener), std::move(epoll)));
}

Server::Server(ServerOptions options, Dispatch dispatch, UniqueFd listener, UniqueFd epoll)
    : options_(std::move(options)),
      dispatch_(std::move(dispatch)),
      listener_(std::move(listener)),
      epoll_(std::move(epoll)),
      short_jobs_(options_.short_jobs),
      long_jobs_(options_.long_jobs) {}

Server::~Server() {
  for (const auto& [fd, client] : clients_) client.connection->stop();
}

Result<> Server::watch(int fd, unsigned events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) < 0) return fail_syscall("epoll_ctl", errno);
  return {};
}

Result<bool> Server::serve(const CancelToken& stop, Duration grace) {
  TRY(watch(listener_.get(), EPOLLIN, EPOLL_CTL_ADD));
  TRY(watch(stop.fd(), EPOLLIN, EPOLL_CTL_ADD));
  const auto pending = [&](Duration limit) {
    return long_jobs_.wait_until_idle(limit) && short_jobs_.wait_until_idle(limit);
  };
  std::optional<TimePoint> give_up;
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int ready =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                     give_up ? 20 : -1);
    if (ready < 0 && errno != EINTR) return fail_syscall("epoll_wait", errno);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == listener_.get()) {
        if (Result<> accepted = accept_clients(); !accepted) log::error(accepted.error().message());
      } else if (event.data.fd != stop.fd()) {
        handle(event.data.fd, event.events);
      }
    }
    // Output of commands that end now must still go out, so the loop goes on while they do.
    if (stop.cancelled() && !give_up) {
      give_up = std::chrono::steady_clock::now() + grace;
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, stop.fd(), nullptr);
      for (const auto& [fd, client] : clients_) client.connection->stop();
    }
    if (!give_up) continue;
    if (pending(Duration::zero())) return true;
    if (std::chrono::steady_clock::now() > *give_up) return false;
  }
}

Result<> Server::accept_clients() {
  for (;;) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid() && (errno == EAGAIN || errno == ECONNABORTED)) return {};
    if (!socket.valid() && errno == EINTR) continue;
    if (!socket.valid()) return fail_syscall("accept", errno);
    // Closed without a greeting: the client says that the daemon is busy.
    if (clients_.size() >= options_.connections_max) continue;
    TRY(adopt(std::move(socket)));
  }
}

Result<> Server::adopt(UniqueFd socket) {
  CancelToken cancel = TRY(CancelToken::create());
  const int fd = socket.get();
  Caller caller = caller_of(fd);
  TRY(watch(fd, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD));
  const auto write_wanted = [epoll = epoll_.get()](int client, bool wanted) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | (wanted ? EPOLLOUT : 0U);
    event.data.fd = client;
    // Fails only for a client that was forgotten meanwhile.
    ::epoll_ctl(epoll, EPOLL_CTL_MOD, client, &event);
  };
  auto connection = std::make_shared<Connection>(std::move(socket), std::move(cancel), short_jobs_,
                                                 write_wanted);
  clients_.insert_or_assign(fd, Client{std::move(connection), std::move(caller)});
  return {};
}

Caller Server::caller_of(int socket) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  Caller caller;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return caller;
  if (peer.uid == 0) {
    caller.kind = Caller::Kind::admin;
    caller.unix_user = "root";
  } else if (options_.key_user && peer.uid == *options_.key_user) {
    caller.kind = Caller::Kind::key;
    caller.unix_user = "dokku";
  } else {
    caller.unix_user = std::to_string(peer.uid);
  }
  return caller;
}

void Server::handle(int fd, unsigned events) {
  const auto found = clients_.find(fd);
  if (found == clients_.end()) return;
  const std::shared_ptr<Connection> connection = found->second.connection;
  if ((events & EPOLLOUT) != 0) connection->on_writable();
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  const auto on_call = [&](wire::Call call) {
    start_call(connection, found->second.caller, std::move(call));
  };
  if (connection->on_readable(on_call) == Connection::Next::close) forget(fd);
}

// The descriptor stays open, so its number is not given away, until the last job of the client
// lets go of the connection.
void Server::forget(int fd) {
  const auto found = clients_.find(fd);
  CHECK(found != clients_.end());
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  found->second.connection->hang_up();
  clients_.erase(found);
}

void Server::start_call(const std::shared_ptr<Connection>& connection, Caller caller,
                        wire::Call call) {
  if (caller.kind == Caller::Kind::nobody) {
    connection->write(wire::FrameType::err,
                      " !     Access denied\n !     Type: sudo dokku …\n");
    return connection->finish(1);
  }
  // Root may lend itself a key's rights; the ssh user has no others.
  if (!call.key_id.empty()) caller.kind = Caller::Kind::key;
  caller.key_id = call.key_id;
  const auto sudo_user = call.environment.find("SUDO_USER");
  if (caller.kind == Caller::Kind::admin && sudo_user != call.environment.end()) {
    caller.unix_user = sudo_user->second;
  }
  JobPool& pool = dispatch_.is_long(call.argv) ? long_jobs_ : short_jobs_;
  const bool accepted = pool.post([this, connection, caller, call = std::move(call)] {
    SocketSession session(connection, caller, call);
    const int status = dispatch_.run(session, call.argv);
    if (!connection->finishes_later()) connection->finish(status);
  });
  if (accepted) return;
  connection->write(wire::FrameType::err,
                    " !     Too many commands wait already; nothing was done\n"
                    " !     Try again in a moment\n");
  connection->finish(1);
}

}  // namespace dokku::cli
