#include "server/doctor/host_view.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <system_error>

#include "base/io.h"
#include "server/doctor/name_lookup.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileMax = 4 << 20;
constexpr std::string_view kListening = "0A";

using PortOfInode = std::map<std::string, std::uint16_t>;

// Lines of /proc/net/tcp: "sl local:PORT remote state … inode".
void add_listening(const fs::path& table, const std::set<std::uint16_t>& ports,
                   PortOfInode& found) {
  const Result<std::string> text = read_file(table, kFileMax);
  std::istringstream lines(text.value_or(""));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retries, uid, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retries >> uid >> timeout >>
        inode;
    const auto colon = local.rfind(':');
    if (state != kListening || colon == std::string::npos) continue;
    unsigned port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16);
    if (ports.contains(static_cast<std::uint16_t>(port))) {
      found[inode] = static_cast<std::uint16_t>(port);
    }
  }
}

std::string link_text(const fs::path& link) {
  std::array<char, 128> text{};
  const ssize_t size = ::readlink(link.c_str(), text.data(), text.size());
  return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

// "socket:[1234]" -> "1234"
std::string socket_inode(const std::string& text) {
  constexpr std::string_view kSocket = "socket:[";
  if (!text.starts_with(kSocket)) return {};
  return text.substr(kSocket.size(), text.size() - kSocket.size() - 1);
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Calls `look` with each entry until it says false. Processes end while one looks.
template <class F>
void each_entry(const fs::path& folder, F&& look) {
  std::error_code gone;
  fs::directory_iterator at(folder, gone);
  while (!gone && at != fs::directory_iterator()) {
    if (!look(at->path())) return;
    at.increment(gone);
  }
}

// Looks through the descriptors of all processes until each socket has its owner.
void find_owners(PortOfInode open, std::set<PortHolder>& listeners) {
  each_entry("/proc", [&](const fs::path& process) {
    const char first = process.filename().native().front();
    if (first < '0' || first > '9') return true;
    each_entry(process / "fd", [&](const fs::path& fd) {
      const auto socket = open.find(socket_inode(link_text(fd)));
      if (socket == open.end()) return true;
      const Result<std::string> program = read_file(process / "comm", 64);
      listeners.insert({socket->second, trimmed(program.value_or(""))});
      open.erase(socket);
      return true;
    });
    return !open.empty();
  });
  for (const auto& [inode, port] : open) listeners.insert({port, ""});
}

class ThisHost final : public HostView {
 public:
  Result<std::string> read(const fs::path& file) override { return read_file(file, kFileMax); }

  std::vector<std::string> names_in(const fs::path& folder) override {
    std::vector<std::string> names;
    each_entry(folder, [&](const fs::path& entry) {
      names.push_back(entry.filename().string());
      return true;
    });
    std::sort(names.begin(), names.end());
    return names;
  }

  std::optional<FileMode> mode_of(const fs::path& file) override {
    struct stat seen {};
    if (::lstat(file.c_str(), &seen) < 0) return std::nullopt;
    return FileMode{seen.st_uid, seen.st_mode & 07777U};
  }

  Result<DiskSpace> disk_space(const fs::path& path) override { return dokku::disk_space(path); }

  std::set<PortHolder> listeners(const std::set<std::uint16_t>& ports) override {
    PortOfInode open;
    add_listening("/proc/self/net/tcp", ports, open);
    add_listening("/proc/self/net/tcp6", ports, open);
    std::set<PortHolder> found;
    find_owners(std::move(open), found);
    return found;
  }

  std::set<std::string> addresses() override {
    std::set<std::string> found;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) < 0) return found;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
      const std::string text = address_text(*one);
      if (!text.empty()) found.insert(text);
    }
    ::freeifaddrs(all);
    return found;
  }

  Lookups look_up(const std::vector<std::string>& names, Duration limit) override {
    const Result<std::string> servers = read_file("/etc/resolv.conf", kFileMax);
    return look_up_names(names, name_servers_in(servers.value_or("")), limit);
  }

  bool clock_is_kept() override {
    timex state{};
    return ::adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
  }

 private:
  static std::string address_text(const ifaddrs& one) {
    if (one.ifa_addr == nullptr || (one.ifa_flags & IFF_LOOPBACK) != 0) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = one.ifa_addr->sa_family;
    const void* bytes = nullptr;
    if (family == AF_INET) {
      bytes = &reinterpret_cast<const sockaddr_in*>(one.ifa_addr)->sin_addr;
    } else if (family == AF_INET6) {
      const auto* address = &reinterpret_cast<const sockaddr_in6*>(one.ifa_addr)->sin6_addr;
      if (!IN6_IS_ADDR_LINKLOCAL(address)) bytes = address;
    }
    if (bytes == nullptr) return {};
    return ::inet_ntop(family, bytes, text.data(), text.size()) == nullptr ? "" : text.data();
  }
};

}  // namespace

std::unique_ptr<HostView> this_host() { return std::make_unique<ThisHost>(); }

}  // namespace dokku::server
