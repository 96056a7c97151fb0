#include "server/deploy/boot_order.h"

#include <algorithm>
#include <map>
#include <string>
#include <system_error>

namespace dokku::server {

void last_used_first(std::vector<ReleaseWanted>& wanted,
                     const std::filesystem::path& access_logs) {
  using Used = std::filesystem::file_time_type;
  std::map<std::string, Used> used;
  for (const ReleaseWanted& one : wanted) {
    std::error_code none;
    const Used at =
        std::filesystem::last_write_time(access_logs / (one.app + "-access.log"), none);
    used[one.app] = none ? Used::min() : at;
  }
  std::stable_sort(wanted.begin(), wanted.end(), [&](const auto& left, const auto& right) {
    return used[left.app] > used[right.app];
  });
}

}  // namespace dokku::server
