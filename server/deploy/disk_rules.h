// What disk:set says: how much of the disk stays free for what runs, how much this instance may
// take, how many releases of an app are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/disk.h"
#include "server/store/apps.h"
#include "server/store/store.h"

namespace dokku::server {

inline constexpr const char* kDiskFloor = "disk.floor";
inline constexpr const char* kDiskBudget = "disk.budget";
inline constexpr const char* kReleasesKept = "disk.releases-kept";
inline constexpr const char* kReleasesKeptDefault = "5";
inline constexpr const char* kKeepGitHistory = "disk.keep-git-history";

// Which share of a disk, or how many bytes of it. The default is the lesser of two.
struct DiskFloor {
  std::uint64_t bytes = 1ULL << 30;
  unsigned percent = 10;

  std::uint64_t of(std::uint64_t all_bytes) const;
};
// "2g", "5%". Nothing: neither.
std::optional<DiskFloor> parse_floor(std::string_view text);

struct DiskRules {
  DiskFloor floor;
  std::uint64_t budget_bytes = 0;  // 0: what the floor leaves
  bool keep_git_history = false;              // git_history.h
};
Result<DiskRules> disk_rules(const ReadTx& tx);
// "20g"; "unlimited" is 0. Nothing: no size.
std::optional<std::uint64_t> parse_budget(std::string_view text);

// Images of an app that stay for rollbacks, the running one among them.
Result<std::size_t> releases_kept(const ReadTx& tx, AppId app);

}  // namespace dokku::server
