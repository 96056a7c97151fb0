#include "server/supervise/instance_id.h"

#include <cctype>
#include <charconv>
#include <cstdio>

#include "base/check.h"

namespace dokku::server {
namespace {

constexpr std::size_t kIdLengthMax = 76;

std::string hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a: names only, nobody's secret
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(hash));
  return out;
}

// Letters and digits with single marks between, room left for a mark and the hash.
std::string squeezed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) {
      out += c;
    } else if (!out.empty() && std::isalnum(static_cast<unsigned char>(out.back())) != 0) {
      out += (c == '.' || c == '_') ? c : '-';
    }
    if (out.size() == kIdLengthMax - 17) break;
  }
  while (!out.empty() && std::isalnum(static_cast<unsigned char>(out.back())) == 0) out.pop_back();
  return out;
}

template <class Number>
std::optional<Number> number_in(const runtime::Labels& labels, const char* key) {
  const auto found = labels.find(key);
  if (found == labels.end()) return std::nullopt;
  Number value{};
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

runtime::ContainerId as_container_id(const std::string& text) {
  if (auto plain = runtime::ContainerId::parse(text)) return *plain;
  const std::string head = squeezed(text);
  auto id = runtime::ContainerId::parse(head.empty() ? hash_of(text) : head + "-" + hash_of(text));
  CHECK(id.has_value());
  return *id;
}

runtime::ContainerId instance_container(const InstanceKey& key) {
  return as_container_id(key.app + "." + key.type + "." + std::to_string(key.index) + ".r" +
                         std::to_string(key.release));
}

runtime::ContainerId one_off_container(const std::string& app, const std::string& name) {
  return as_container_id(app + "." + name);
}

// No container's id has a slash, and a container without a group is a group of its id.
std::string shim_group(const std::string& app) { return "app/" + app; }

runtime::Labels instance_labels(const InstanceKey& key) {
  return {{kLabelApp, key.app},
          {kLabelType, key.type},
          {kLabelIndex, std::to_string(key.index)},
          {kLabelRelease, std::to_string(key.release)}};
}

std::optional<InstanceKey> instance_of(const runtime::Labels& labels) {
  const auto app = labels.find(kLabelApp);
  const auto type = labels.find(kLabelType);
  const auto index = number_in<unsigned>(labels, kLabelIndex);
  const auto release = number_in<std::uint64_t>(labels, kLabelRelease);
  if (app == labels.end() || type == labels.end() || !index || !release) return std::nullopt;
  return InstanceKey{app->second, type->second, *index, *release};
}

}  // namespace dokku::server
