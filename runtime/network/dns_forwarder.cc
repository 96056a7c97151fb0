#include "runtime/network/dns_forwarder.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "runtime/network/dns_message.h"
#include "runtime/network/name_servers.h"

namespace dokku::runtime {
namespace {

constexpr std::size_t kMessageBytesMax = 65535;
constexpr std::size_t kQueryBytesMax = 4096;
constexpr std::size_t kStreamBytesMax = 2 * kMessageBytesMax;
constexpr auto kTryFor = std::chrono::milliseconds(1500);
constexpr unsigned kTriesMax = 4;
constexpr auto kStreamIdle = std::chrono::seconds(10);

TimePoint now() { return std::chrono::steady_clock::now(); }

Result<UniqueFd> listen_on(const DnsForwarderOptions& options, int type) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail_syscall("socket", errno);
  const int one = 1;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(options.address);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
    const std::string place = to_string(options.address) + " port " + std::to_string(options.port);
    if (errno != EADDRINUSE) return fail_syscall("DNS for containers on " + place, errno);
    return fail(Errc::conflict, "DNS for containers: " + place +
                                    " is taken; a name server of this host listens on all "
                                    "addresses (dnsmasq: set bind-dynamic)");
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), 64) < 0) return fail_syscall("listen", errno);
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

UniqueFd connect_to(const ServerAddress& server, int type) {
  UniqueFd fd(::socket(server.address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fd;
  const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
  if (::connect(fd.get(), address, server.length) < 0 && errno != EINPROGRESS) fd.reset();
  return fd;
}

// A UDP question on its way.
struct Query {
  sockaddr_in client{};
  std::string message;  // as the client sent it
  UniqueFd socket;      // connected to the server asked now
  std::uint16_t id = 0;
  unsigned tries = 0;
  TimePoint until;
};

// One direction of a TCP connection.
struct Flow {
  std::string bytes;
  bool ended = false;  // its source has sent all
  bool passed_end = false;
};

struct Stream {
  UniqueFd client, server;
  Flow up, down;
  TimePoint until;
  bool broken = false;
};

void receive(int fd, Flow* flow, Stream* stream) {
  std::array<char, 16384> piece;  // NOLINT: filled by recv
  const ssize_t got = ::recv(fd, piece.data(), piece.size(), 0);
  if (got > 0) flow->bytes.append(piece.data(), static_cast<std::size_t>(got));
  if (got == 0) flow->ended = true;
  if (got < 0 && errno != EAGAIN && errno != EINTR) stream->broken = true;
}

void send_on(int fd, Flow* flow, Stream* stream) {
  if (!flow->bytes.empty()) {
    const ssize_t sent = ::send(fd, flow->bytes.data(), flow->bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) flow->bytes.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) stream->broken = true;
  }
  if (flow->ended && flow->bytes.empty() && !flow->passed_end) {
    ::shutdown(fd, SHUT_WR);
    flow->passed_end = true;
  }
}

short interest(const Flow& from_here, const Flow& to_here) {
  short events = 0;
  if (!from_here.ended && from_here.bytes.size() < kStreamBytesMax) events |= POLLIN;
  if (!to_here.bytes.empty()) events |= POLLOUT;
  return events;
}

struct Listeners {
  UniqueFd udp, tcp;
};

// On one port. When the kernel chooses it (0), what is free for one may be taken for the other.
Result<Listeners> listen_on_both(const DnsForwarderOptions& options) {
  constexpr int kTries = 50;
  for (int tries = 1;; ++tries) {
    UniqueFd udp = TRY(listen_on(options, SOCK_DGRAM));
    DnsForwarderOptions same_port = options;
    same_port.port = port_of(udp.get());
    Result<UniqueFd> tcp = listen_on(same_port, SOCK_STREAM);
    if (tcp) return Listeners{std::move(udp), *std::move(tcp)};
    if (options.port != 0 || tries == kTries) return Fail(std::move(tcp).error());
  }
}

}  // namespace

class DnsForwarder::Loop {
 public:
  Loop(UniqueFd udp, UniqueFd tcp, CancelToken stop, const DnsForwarderOptions& options)
      : udp_(std::move(udp)),
        tcp_(std::move(tcp)),
        stop_(std::move(stop)),
        servers_(options.host_resolv_conf, options.upstream_port),
        own_address_(options.address),
        own_port_(port_of(udp_.get())),
        buffer_(kMessageBytesMax, '\0'),
        thread_([this] { run(); }) {}
  ~Loop() {
    stop_.cancel();
    thread_.join();
  }

  std::uint16_t port() const { return own_port_; }

 private:
  // poll(2) over at most 3 + 512 + 2 × 64 descriptors, most of the time three.
  void run() {
    while (!stop_.cancelled()) {
      collect_descriptors();
      if (::poll(polled_.data(), polled_.size(), time_left()) < 0 && errno != EINTR) {
        log::error("DNS forwarder: poll failed");
        return;
      }
      handle_queries();
      handle_streams();
      if (polled_[1].revents != 0) take_queries();
      if (polled_[2].revents != 0) take_stream();
    }
  }

  void collect_descriptors() {
    polled_.clear();
    polled_.push_back({stop_.fd(), POLLIN, 0});
    polled_.push_back({udp_.get(), POLLIN, 0});
    polled_.push_back({tcp_.get(), POLLIN, 0});
    for (const Query& query : queries_) polled_.push_back({query.socket.get(), POLLIN, 0});
    for (const Stream& stream : streams_) {
      watch_end(stream.client.get(), interest(stream.up, stream.down));
      watch_end(stream.server.get(), interest(stream.down, stream.up));
    }
  }

  // poll reports a hang-up even to those who asked for nothing: they are left out.
  void watch_end(int fd, short events) { polled_.push_back({events == 0 ? -1 : fd, events, 0}); }

  int time_left() const {
    if (queries_.empty() && streams_.empty()) return -1;
    TimePoint first = TimePoint::max();
    for (const Query& query : queries_) first = std::min(first, query.until);
    for (const Stream& stream : streams_) first = std::min(first, stream.until);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

  void take_queries() {
    for (int burst = 0; burst < 64; ++burst) {
      Query query;
      socklen_t length = sizeof query.client;
      const ssize_t got = ::recvfrom(udp_.get(), buffer_.data(), buffer_.size(), 0,
                                     reinterpret_cast<sockaddr*>(&query.client), &length);
      if (got < 0) return;
      if (static_cast<std::size_t>(got) > kQueryBytesMax) continue;
      query.message.assign(buffer_.data(), static_cast<std::size_t>(got));
      if (dns_question(query.message).empty()) continue;
      if (queries_.size() >= kDnsQueriesMax) queries_.pop_front();
      queries_.push_back(std::move(query));
      if (!ask(&queries_.back())) give_up(std::prev(queries_.end()));
    }
  }

  // Asks the next server. False: they have all had their tries.
  bool ask(Query* query) {
    const std::vector<ServerAddress>& servers = servers_.current();
    while (query->tries < kTriesMax) {
      const ServerAddress& server = servers[query->tries++ % servers.size()];
      if (is_ours(server)) continue;
      query->socket = connect_to(server, SOCK_DGRAM);
      if (!query->socket.valid()) continue;
      if (::getrandom(&query->id, sizeof query->id, 0) != sizeof query->id) continue;
      std::string message = query->message;
      set_dns_id(&message, query->id);
      if (::send(query->socket.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) continue;
      query->until = now() + kTryFor;
      return true;
    }
    return false;
  }

  // A host that was told to ask its containers' name server: asking ourselves would never end.
  bool is_ours(const ServerAddress& server) const {
    if (server.address.ss_family != AF_INET) return false;
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&server.address);
    return ntohl(v4->sin_addr.s_addr) == own_address_ && ntohs(v4->sin_port) == own_port_;
  }

  using QueryAt = std::list<Query>::iterator;

  void give_up(QueryAt query) {
    answer(*query, dns_failure(query->message));
    queries_.erase(query);
  }

  void answer(const Query& query, const std::string& message) {
    ::sendto(udp_.get(), message.data(), message.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&query.client), sizeof query.client);
  }

  // The queries polled are the first ones of the list, in order.
  void handle_queries() {
    std::size_t slot = 3;
    const TimePoint time = now();
    for (QueryAt next = queries_.begin(); next != queries_.end();) {
      const QueryAt query = next++;
      const bool readable = polled_[slot++].revents != 0;
      if (readable && take_answer(query)) continue;
      if (!readable && time < query->until) continue;
      if (readable && query->socket.valid() && time < query->until) continue;
      if (!ask(&*query)) give_up(query);
    }
  }

  // True: the query is done. The socket is closed when its server is not there.
  bool take_answer(QueryAt query) {
    const ssize_t got = ::recv(query->socket.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) query->socket.reset();
      return false;
    }
    std::string message(buffer_.data(), static_cast<std::size_t>(got));
    if (!answers(message, query->message, query->id)) return false;
    set_dns_id(&message, dns_id(query->message));
    answer(*query, message);
    queries_.erase(query);
    return true;
  }

  void take_stream() {
    Stream stream;
    stream.client = UniqueFd(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!stream.client.valid() || streams_.size() >= kDnsStreamsMax) return;
    for (const ServerAddress& server : servers_.current()) {
      if (is_ours(server)) continue;
      stream.server = connect_to(server, SOCK_STREAM);
      if (stream.server.valid()) break;
    }
    if (!stream.server.valid()) return;
    stream.until = now() + kStreamIdle;
    streams_.push_back(std::move(stream));
  }

  void handle_streams() {
    std::size_t slot = polled_.size() - 2 * streams_.size();
    const TimePoint time = now();
    for (auto next = streams_.begin(); next != streams_.end();) {
      const auto at = next++;
      const short client = polled_[slot++].revents, server = polled_[slot++].revents;
      if ((client & POLLIN) != 0) receive(at->client.get(), &at->up, &*at);
      if ((server & POLLIN) != 0) receive(at->server.get(), &at->down, &*at);
      if (server != 0 || client != 0) at->until = time + kStreamIdle;
      if (((client | server) & (POLLERR | POLLNVAL)) != 0) at->broken = true;
      if (connected(at->server.get())) send_on(at->server.get(), &at->up, &*at);
      send_on(at->client.get(), &at->down, &*at);
      if (at->broken || at->down.passed_end || time >= at->until) streams_.erase(at);
    }
  }

  static bool connected(int fd) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
  }

  UniqueFd udp_, tcp_;
  CancelToken stop_;
  NameServers servers_;
  Ipv4 own_address_;
  std::uint16_t own_port_;
  std::string buffer_;
  std::list<Query> queries_;  // oldest first
  std::list<Stream> streams_;
  std::vector<pollfd> polled_;
  std::thread thread_;  // last: runs as soon as it is built
};

DnsForwarder::DnsForwarder(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
DnsForwarder::~DnsForwarder() = default;
std::uint16_t DnsForwarder::port() const { return loop_->port(); }

Result<std::unique_ptr<DnsForwarder>> DnsForwarder::start(const DnsForwarderOptions& options) {
  Listeners both = TRY(listen_on_both(options));
  CancelToken stop = TRY(CancelToken::create());
  auto loop =
      std::make_unique<Loop>(std::move(both.udp), std::move(both.tcp), std::move(stop), options);
  return std::unique_ptr<DnsForwarder>(new DnsForwarder(std::move(loop)));
}

}  // namespace dokku::runtime
