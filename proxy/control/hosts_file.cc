#include "proxy/control/hosts_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <unordered_map>
#include <utility>

#include "proxy/control/json_values.h"

namespace dokku::proxy {
namespace {

using values::json;

// "10.0.0.1:5000", "[::1]:5000"
Result<Target> target_from(const std::string& upstream, const std::string& host) {
  const std::size_t colon = upstream.rfind(':');
  const Fail bad = fail(Errc::invalid_argument, host + ": \"" + upstream + "\" is no IP:PORT");
  if (colon == std::string::npos || colon == 0) return bad;
  Target target;
  target.instance = host;
  target.address = upstream.substr(0, colon);
  if (target.address.starts_with('[') && target.address.ends_with(']')) {
    target.address = target.address.substr(1, target.address.size() - 2);
  }
  const char* const end = upstream.data() + upstream.size();
  const auto [stop, error] = std::from_chars(upstream.data() + colon + 1, end, target.port);
  if (error != std::errc() || stop != end || target.port == 0) return bad;
  return target;
}

}  // namespace

Result<std::vector<Group>> decode_hosts(std::string_view text) {
  const json list = TRY(values::parse(text));
  if (!list.is_array()) return fail(Errc::invalid_argument, "the hosts are not a JSON list");
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> known;
  for (const json& each : list) {
    if (!each.is_object()) return fail(Errc::invalid_argument, "an entry is not an object");
    std::string host = TRY(values::string_at(each, "host"));
    const std::string upstream = TRY(values::string_at(each, "upstream"));
    std::transform(host.begin(), host.end(), host.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    Target target = TRY(target_from(upstream, host));
    const auto [entry, fresh] = known.try_emplace(host, groups.size());
    if (fresh) groups.push_back({.key = host, .hosts = {host}});
    groups[entry->second].targets.push_back(std::move(target));
  }
  return groups;
}

}  // namespace dokku::proxy
