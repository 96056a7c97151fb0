#include "cli/commands/registry.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace dokku::cli {
namespace {

constexpr std::size_t kSuggestionsMax = 3;
constexpr std::size_t kTypedMax = 64;  // longer words resemble nothing

// Insertions, deletions, changes and swaps of neighbours that lead from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), two_before;
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_before = before;
    before = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

void Registry::add_topic(Topic topic) {
  const std::string name = topic.name;
  CHECK(topics_.emplace(name, std::move(topic)).second);
}

void Registry::add(Command command) {
  const std::string name = command.name;
  for (const std::string& alias : command.aliases) {
    CHECK(aliases_.emplace(alias, name).second);
    CHECK(commands_.find(alias) == commands_.end());
  }
  CHECK(aliases_.find(name) == aliases_.end());
  CHECK(commands_.emplace(name, std::move(command)).second);
}

const Command* Registry::find(std::string_view name) const {
  const auto alias = aliases_.find(name);
  const auto found = commands_.find(alias == aliases_.end() ? name : alias->second);
  return found == commands_.end() ? nullptr : &found->second;
}

const Topic* Registry::topic(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::near_misses(std::string_view typed) const {
  if (typed.empty() || typed.size() > kTypedMax) return {};
  const std::size_t most = typed.size() < 6 ? 1 : 2;
  std::vector<std::pair<std::size_t, std::string>> near;
  const auto consider = [&](const std::string& name) {
    const std::size_t distance = edit_distance(typed, name);
    if (distance <= most) near.emplace_back(distance, name);
  };
  for (const auto& [name, command] : commands_) {
    if (!command.hidden) consider(name);
  }
  for (const auto& [name, topic] : topics_) {
    const auto same = commands_.find(name);
    if (same == commands_.end() || same->second.hidden) consider(name);
  }
  // "scale" of "ps:scale": the verb alone. As good as one letter.
  for (const auto& [name, command] : commands_) {
    const std::size_t colon = name.rfind(':');
    const bool verb = colon != std::string::npos && name.substr(colon + 1) == typed;
    if (verb && !command.hidden) near.emplace_back(1U, name);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < near.size() && i < kSuggestionsMax; ++i) {
    names.push_back(near[i].second);
  }
  return names;
}

}  // namespace dokku::cli
