// Disk and memory.
#include <sstream>

#include "server/deploy/disk_rules.h"
#include "server/doctor/checks.h"

namespace dokku::server {
namespace {

// Below it the kernel begins to kill.
constexpr unsigned kMemoryPercentMin = 5;

struct Memory {
  std::uint64_t all = 0, available = 0, swap = 0;
};

Memory read_memory(HostView& host) {
  Memory memory;
  std::istringstream lines(host.read("/proc/meminfo").value_or(""));
  std::string key, unit;
  for (std::uint64_t kilobytes = 0; lines >> key >> kilobytes;) {
    std::getline(lines, unit);
    if (key == "MemTotal:") memory.all = kilobytes << 10;
    if (key == "MemAvailable:") memory.available = kilobytes << 10;
    if (key == "SwapTotal:") memory.swap = kilobytes << 10;
  }
  return memory;
}

}  // namespace

Findings check_disk(const DoctorParts& parts) {
  const auto rules = parts.store.read([](ReadTx& tx) { return disk_rules(tx); });
  const DiskFloor floor = rules ? rules->floor : DiskFloor();
  Findings found;
  std::set<std::uint64_t> seen;
  for (const auto& folder : {parts.instance.state_dir, parts.instance.image_store_dir()}) {
    const Result<DiskSpace> space = parts.host->disk_space(folder);
    if (!space) {
      found.push_back(wrong("disk", space.error().message(), "mount it"));
      continue;
    }
    if (!seen.insert(space->file_system).second) continue;
    const std::string left =
        byte_words(space->free_bytes) + " of " + byte_words(space->all_bytes) + " are free";
    const std::uint64_t least = floor.of(space->all_bytes);
    if (space->free_bytes < least) {
      found.push_back(wrong("disk",
                            "the disk of " + folder.string() + " is almost full: " + left +
                                ", builds begin above " + byte_words(least),
                            "dokku disk:report, dokku cleanup --caches"));
    } else {
      found.push_back(good("disk", left + " (" + folder.string() + ")"));
    }
  }
  return found;
}

Findings check_memory(const DoctorParts& parts) {
  const Memory memory = read_memory(*parts.host);
  if (memory.all == 0) return {};
  const std::string left =
      byte_words(memory.available) + " of " + byte_words(memory.all) + " are available";
  if (memory.available < memory.all / 100 * kMemoryPercentMin) {
    return {wrong("memory", "memory is short: " + left,
                  memory.swap == 0 ? "add swap, or: dokku resource:limit --memory 256m APP"
                                   : "dokku resource:limit --memory 256m APP")};
  }
  return {good("memory", left)};
}

}  // namespace dokku::server
