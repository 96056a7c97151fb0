// HostView: what the doctor sees of the host.
//
// Only looks. `this_host` is the real one; tests have tests/host_view. Threads: any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"

namespace dokku::server {

struct PortHolder {
  std::uint16_t port = 0;
  std::string program;  // as /proc calls it; empty: another's, and we may not look
  friend auto operator<=>(const PortHolder&, const PortHolder&) = default;
};

struct FileMode {
  uid_t owner = 0;
  unsigned mode = 0;  // the permissions alone: 0600
};

// What name servers say. A name without an entry was not answered in time.
using Lookups = std::map<std::string, std::set<std::string>>;

class HostView {
 public:
  virtual ~HostView() = default;

  // Small files of /proc, /sys and /etc.
  virtual Result<std::string> read(const std::filesystem::path& file) = 0;
  // Empty also when there is no such folder.
  virtual std::vector<std::string> names_in(const std::filesystem::path& folder) = 0;
  virtual std::optional<FileMode> mode_of(const std::filesystem::path& file) = 0;
  virtual Result<DiskSpace> disk_space(const std::filesystem::path& path) = 0;
  // Who listens on these TCP ports, on any address.
  virtual std::set<PortHolder> listeners(const std::set<std::uint16_t>& ports) = 0;
  // Of all links, IPv4 and IPv6, without loopback and link-local ones.
  virtual std::set<std::string> addresses() = 0;
  virtual Lookups look_up(const std::vector<std::string>& names, Duration limit) = 0;
  // Whether something (NTP) keeps the kernel's clock right.
  virtual bool clock_is_kept() = 0;
};

std::unique_ptr<HostView> this_host();

}  // namespace dokku::server
