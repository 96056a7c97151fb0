#include "server/deploy/disk_rules.h"

#include <algorithm>
#include <charconv>

#include "server/model/resources.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

std::optional<unsigned> whole_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::uint64_t DiskFloor::of(std::uint64_t all_bytes) const {
  return std::min(bytes, all_bytes / 100 * percent);
}

std::optional<DiskFloor> parse_floor(std::string_view text) {
  if (text.ends_with('%')) {
    const auto percent = whole_number(text.substr(0, text.size() - 1));
    if (!percent || *percent > 90) return std::nullopt;
    return DiskFloor{UINT64_MAX, *percent};
  }
  const auto bytes = parse_memory(text);
  if (!bytes) return std::nullopt;
  return DiskFloor{*bytes, 100};
}

std::optional<std::uint64_t> parse_budget(std::string_view text) {
  if (text == "unlimited") return 0;
  return parse_memory(text);
}

Result<DiskRules> disk_rules(const ReadTx& tx) {
  DiskRules rules;
  const std::string floor = TRY(computed_property(tx, AppId::global, kDiskFloor, ""));
  const std::string budget = TRY(computed_property(tx, AppId::global, kDiskBudget, "unlimited"));
  rules.floor = parse_floor(floor).value_or(DiskFloor());
  rules.budget_bytes = parse_budget(budget).value_or(0);
  const std::string keep = TRY(computed_property(tx, AppId::global, kKeepGitHistory, "false"));
  rules.keep_git_history = keep == "true";
  return rules;
}

Result<std::size_t> releases_kept(const ReadTx& tx, AppId app) {
  const std::string text = TRY(computed_property(tx, app, kReleasesKept, kReleasesKeptDefault));
  return std::max(1U, whole_number(text).value_or(5));
}

}  // namespace dokku::server
