#include "server/doctor/name_lookup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/unique_fd.h"

namespace dokku::server {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMessageMax = 4096;
constexpr std::size_t kServersMax = 3;
// A packet was lost, or the server is slow: ask the next one, or the same again.
constexpr std::chrono::milliseconds kRoundMax{500};

void put16(std::string& to, unsigned value) {
  to += static_cast<char>((value >> 8) & 255U);
  to += static_cast<char>(value & 255U);
}

// A message read from its beginning; any read beyond the end fails the whole.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  unsigned u8() {
    if (at_ >= bytes_.size()) ok_ = false;
    return ok_ ? static_cast<unsigned char>(bytes_[at_++]) : 0;
  }
  unsigned u16() {
    const unsigned high = u8();
    return (high << 8) | u8();
  }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size() - at_) ok_ = false;
    if (!ok_) return {};
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  // Names are not compared: the id and the question's place say whose answer it is.
  void skip_name() {
    while (ok_) {
      const unsigned size = u8();
      if (size == 0) return;
      if (size >= 0xC0) {
        u8();
        return;
      }
      take(size);
    }
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

std::string text_of(std::string_view address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.size() == 4 ? AF_INET : AF_INET6;
  return ::inet_ntop(family, address.data(), text.data(), text.size()) == nullptr ? ""
                                                                                  : text.data();
}

UniqueFd connect_to(const NameServer& server) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(server.port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(server.port);
  const bool is4 = ::inet_pton(AF_INET, server.address.c_str(), &v4.sin_addr) == 1;
  if (!is4 && ::inet_pton(AF_INET6, server.address.c_str(), &v6.sin6_addr) != 1) return UniqueFd();
  UniqueFd fd(::socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* to =
      is4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (!fd.valid() || ::connect(fd.get(), to, is4 ? sizeof v4 : sizeof v6) < 0) return UniqueFd();
  return fd;
}

// The questions of one call: two per name, the id is the place.
class Questions {
 public:
  explicit Questions(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (open_.size() / 2 >= kNamesMax) break;
      open_.push_back({name, RecordType::a});
      open_.push_back({name, RecordType::aaaa});
    }
  }

  bool done() const { return answered_ == open_.size(); }

  // All that are open, to the server behind `asked`; then anybody's answers until `end`. A socket
  // is closed when nobody is behind it, and the call over when it is that of `asked`.
  void ask(std::vector<UniqueFd>& sockets, std::size_t asked, TimePoint end) {
    std::size_t next = 0;
    while (!done() && sockets[asked].valid()) {
      // A socket's buffer is small: sending and receiving take turns.
      while (next < open_.size() && send(sockets[asked].get(), next)) ++next;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      std::vector<pollfd> waited;
      for (const UniqueFd& socket : sockets) waited.push_back({socket.get(), POLLIN, 0});
      if (next < open_.size()) waited[asked].events |= POLLOUT;
      if (::poll(waited.data(), waited.size(), static_cast<int>(left.count())) <= 0) return;
      for (std::size_t i = 0; i < sockets.size(); ++i) {
        if ((waited[i].revents & POLLIN) != 0) {
          receive(sockets[i].get());
        } else if ((waited[i].revents & POLLERR) != 0) {
          sockets[i].reset();
        }
      }
    }
  }

  Lookups take() {
    Lookups found;
    for (std::size_t i = 0; i + 1 < open_.size(); i += 2) {
      std::set<std::string> both = open_[i].found;
      both.insert(open_[i + 1].found.begin(), open_[i + 1].found.end());
      // Half of an answer does not say that there is none.
      const bool whole = open_[i].answered && open_[i + 1].answered;
      if (whole || !both.empty()) found[open_[i].name] = std::move(both);
    }
    return found;
  }

 private:
  struct Question {
    std::string name;
    RecordType type;
    bool answered = false;
    std::set<std::string> found = {};
  };

  bool send(int fd, std::size_t place) {
    const Question& question = open_[place];
    if (question.answered) return true;
    const std::string query =
        query_bytes(static_cast<std::uint16_t>(place), question.name, question.type);
    return ::send(fd, query.data(), query.size(), MSG_NOSIGNAL) >= 0;
  }

  void receive(int fd) {
    std::array<char, kMessageMax> bytes{};
    for (;;) {
      const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (got < 2) return;
      const std::string_view answer(bytes.data(), static_cast<std::size_t>(got));
      const unsigned id = Reader(answer).u16();
      if (id >= open_.size() || open_[id].answered) continue;
      const auto addresses = addresses_in(answer, static_cast<std::uint16_t>(id));
      if (!addresses) continue;
      open_[id].answered = true;
      open_[id].found = *addresses;
      ++answered_;
    }
  }

  std::vector<Question> open_;
  std::size_t answered_ = 0;
};

}  // namespace

std::vector<NameServer> name_servers_in(std::string_view resolv_conf) {
  std::vector<NameServer> servers;
  std::istringstream lines{std::string(resolv_conf)};
  for (std::string line; std::getline(lines, line) && servers.size() < kServersMax;) {
    std::istringstream words(line);
    std::string key, address;
    if (words >> key >> address && key == "nameserver") servers.push_back({address, 53});
  }
  return servers;
}

Lookups look_up_names(const std::vector<std::string>& names, const std::vector<NameServer>& servers,
                      Duration limit) {
  Questions questions(names);
  const TimePoint begin = std::chrono::steady_clock::now();
  const TimePoint deadline = begin + limit;
  const Duration round = std::min<Duration>(limit / 2, kRoundMax);
  std::vector<UniqueFd> sockets;  // of the servers asked so far: a late answer is an answer
  for (std::size_t i = 0; !questions.done() && std::chrono::steady_clock::now() < deadline; ++i) {
    if (i < servers.size()) {
      sockets.push_back(connect_to(servers[i]));
    } else if (std::none_of(sockets.begin(), sockets.end(),
                            [](const UniqueFd& socket) { return socket.valid(); })) {
      break;
    }
    questions.ask(sockets, i % servers.size(),
                  std::min(begin + round * static_cast<int>(i + 1), deadline));
  }
  return questions.take();
}

std::string query_bytes(std::uint16_t id, std::string_view name, RecordType type) {
  std::string bytes;
  put16(bytes, id);
  put16(bytes, 0x0100);  // recursion desired
  for (const unsigned count : {1U, 0U, 0U, 0U}) put16(bytes, count);
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::size_t size = std::min<std::size_t>(end - at, 63);
    bytes += static_cast<char>(size);
    bytes += name.substr(at, size);
    at = end + 1;
  }
  bytes += '\0';
  put16(bytes, static_cast<unsigned>(type));
  put16(bytes, 1);  // the internet
  return bytes;
}

std::optional<std::set<std::string>> addresses_in(std::string_view answer, std::uint16_t id) {
  Reader read(answer);
  if (read.u16() != id) return std::nullopt;
  const unsigned flags = read.u16();
  const bool is_answer = (flags & 0x8000U) != 0;
  const unsigned code = flags & 15U;
  const unsigned questions = read.u16(), answers = read.u16();
  read.take(kHeader - 8);
  if (!read.ok() || !is_answer || (code != 0 && code != 3)) return std::nullopt;  // 3: no such name
  for (unsigned i = 0; i < questions; ++i) {
    read.skip_name();
    read.take(4);
  }
  std::set<std::string> found;
  for (unsigned i = 0; i < answers && read.ok(); ++i) {
    read.skip_name();
    const unsigned type = read.u16();
    read.take(6);
    const std::string_view data = read.take(read.u16());
    const bool address = (type == 1 && data.size() == 4) || (type == 28 && data.size() == 16);
    if (address) found.insert(text_of(data));
  }
  if (!read.ok()) return std::nullopt;
  return found;
}

}  // namespace dokku::server
