#include "server/model/port_map.h"

#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::array<std::pair<PortScheme, std::string_view>, 4> kSchemes{{
    {PortScheme::http, "http"},
    {PortScheme::https, "https"},
    {PortScheme::grpc, "grpc"},
    {PortScheme::grpcs, "grpcs"},
}};

std::uint16_t port_in(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : std::uint16_t{0};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Fail invalid(const std::string& text, const std::string& why) {
  return fail(Errc::invalid_argument, "Invalid port map " + printable(text) + " [" + why + "]");
}

}  // namespace

std::string_view name_of(PortScheme scheme) {
  for (const auto& [each, name] : kSchemes) {
    if (each == scheme) return name;
  }
  return "http";
}

Result<PortMap> PortMap::parse(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() != 3) return invalid(text, "len=" + std::to_string(parts.size()));
  PortMap map;
  bool known = false;
  for (const auto& [each, name] : kSchemes) {
    if (name != parts[0]) continue;
    map.scheme = each;
    known = true;
  }
  if (!known) return invalid(text, "scheme is none of http, https, grpc, grpcs");
  map.host = port_in(parts[1]);
  map.container = port_in(parts[2]);
  if (map.host == 0) return invalid(text, "host port is not a number from 1 to 65535");
  if (map.container == 0) return invalid(text, "container port is not a number from 1 to 65535");
  return map;
}

std::string PortMap::text() const {
  return std::string(name_of(scheme)) + ":" + std::to_string(host) + ":" +
         std::to_string(container);
}

std::vector<PortMap> parse_port_maps(std::string_view text) {
  std::vector<PortMap> maps;
  for (const std::string_view word : split(text, ' ')) {
    const Result<PortMap> map = PortMap::parse(std::string(word));
    if (map) maps.push_back(*map);
  }
  return maps;
}

std::string port_maps_text(const std::vector<PortMap>& maps) {
  std::string text;
  for (const PortMap& map : maps) text += (text.empty() ? "" : " ") + map.text();
  return text;
}

Result<> check_port_maps(const std::vector<PortMap>& maps) {
  std::map<std::uint16_t, const PortMap*> seen;
  for (const PortMap& map : maps) {
    const auto [at, fresh] = seen.emplace(map.host, &map);
    if (fresh) continue;
    const std::string name = std::string(name_of(map.scheme)) + ":" + std::to_string(map.host);
    if (at->second->scheme == map.scheme) {
      return fail(Errc::conflict,
                  "Error validating port mappings: The same scheme:host-port is being reused: " +
                      name);
    }
    return fail(Errc::conflict, "Error validating port mappings: " + at->second->text() + " and " +
                                    map.text() + " cannot share port " + std::to_string(map.host));
  }
  return {};
}

}  // namespace dokku::server
