#include "server/deploy/limits.h"

#include <unistd.h>

#include <algorithm>

#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr std::uint32_t kPidsMax = 4096;
constexpr std::uint64_t kOpenFilesMax = 65536;
constexpr std::uint64_t kSharesOfACore = 1024;

// A process that needs more says so once; one that leaks must not take the server with it.
std::uint64_t default_memory() {
  constexpr std::uint64_t kMost = 1ULL << 30;
  const std::uint64_t machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                                static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(kMost, machine / 2);
}

class Stored {
 public:
  Stored(const ReadTx& tx, AppId app, std::string_view type, bool inherits)
      : tx_(tx), app_(app), type_(type), inherits_(inherits) {}

  // Empty: not set.
  Result<std::string> find(ResourceKind kind, const char* resource) const {
    auto text = TRY(property(tx_, app_, resource_property(type_, kind, resource)));
    if (!text && inherits_) {
      text = TRY(property(tx_, app_, resource_property("", kind, resource)));
    }
    return text.value_or("");
  }

 private:
  const ReadTx& tx_;
  AppId app_;
  std::string_view type_;
  bool inherits_;
};

Result<runtime::Limits> read_limits(const Stored& stored) {
  runtime::Limits limits;
  const std::string memory = TRY(stored.find(ResourceKind::limit, "memory"));
  const std::string swap = TRY(stored.find(ResourceKind::limit, "memory-swap"));
  const std::string cores = TRY(stored.find(ResourceKind::limit, "cpu"));
  const std::string kept_memory = TRY(stored.find(ResourceKind::reserve, "memory"));
  const std::string kept_cores = TRY(stored.find(ResourceKind::reserve, "cpu"));
  limits.memory_bytes = parse_memory(memory).value_or(0);
  limits.memory_swap_bytes = parse_memory(swap).value_or(0);
  limits.memory_reserve_bytes = parse_memory(kept_memory).value_or(0);
  limits.cpu_millis = parse_cores(cores).value_or(0);
  // A weight: it counts when cores are short, as a reservation does.
  const std::uint64_t shares = parse_cores(kept_cores).value_or(0) * kSharesOfACore / 1000;
  if (shares > 0) {
    limits.cpu_shares = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(shares, 2, 262144));
  }
  return limits;
}

}  // namespace

Result<runtime::Limits> process_limits(const ReadTx& tx, AppId app, std::string_view type) {
  runtime::Limits limits = TRY(read_limits(Stored(tx, app, type, true)));
  if (limits.memory_bytes == 0) {
    limits.memory_bytes = std::max(default_memory(), limits.memory_reserve_bytes);
  }
  limits.pids = kPidsMax;
  limits.open_files = kOpenFilesMax;
  return limits;
}

Result<runtime::Limits> build_limits(const ReadTx& tx, AppId app) {
  return read_limits(Stored(tx, app, "build", false));
}

}  // namespace dokku::server
