#include "server/doctor/front_firewall.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

using Ports = std::set<std::uint16_t>;

// "80", "8000:8100" or "8000-8100".
bool in_range(std::string_view range, std::uint16_t port) {
  unsigned first = 0, last = 0;
  const char* const end = range.data() + range.size();
  const auto read = std::from_chars(range.data(), end, first);
  if (read.ec != std::errc()) return false;
  last = first;
  if (read.ptr != end) std::from_chars(read.ptr + 1, end, last);
  return port >= first && port <= last;
}

// The same in a list: "80,443,8000:8100", or "any".
bool covers(std::string_view list, std::uint16_t port) {
  if (list == "any") return true;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (in_range(list.substr(0, comma), port)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

std::string joined(const Ports& ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : ",") + std::to_string(port);
  return text;
}

// The value of KEY=VALUE, without quotes; empty: there is none.
std::string setting(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    std::erase(value, '"');
    return value;
  }
  return {};
}

// ufw notes each of its rules: "### tuple ### allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 in".
bool ufw_lets_in(const std::string& rules, std::uint16_t port) {
  std::istringstream lines(rules);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kTuple = "### tuple ### ";
    if (!line.starts_with(kTuple)) continue;
    std::istringstream words(line.substr(kTuple.size()));
    std::string action, protocol, to_port;
    words >> action >> protocol >> to_port;
    const bool accepts = action.starts_with("allow") || action.starts_with("limit");
    const bool inward = line.find(" out") == std::string::npos;
    const bool tcp = protocol == "tcp" || protocol == "any";
    if (accepts && inward && tcp && covers(to_port, port)) return true;
  }
  return false;
}

// The value of an attribute in an XML tag; firewalld writes them itself, one tag a line or less.
std::string attribute(std::string_view tag, const std::string& name) {
  const std::size_t at = tag.find(" " + name + "=\"");
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + name.size() + 3;
  return std::string(tag.substr(from, tag.find('"', from) - from));
}

// Calls `each` with every tag of a kind: `<port protocol="tcp" port="80"/>`.
template <class F>
void each_tag(std::string_view xml, const std::string& kind, F&& each) {
  const std::string begin = "<" + kind;
  for (std::size_t at = 0; (at = xml.find(begin, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(xml.find('>', at), xml.size());
    const char after = at + begin.size() < xml.size() ? xml[at + begin.size()] : '>';
    if (after == ' ' || after == '>') each(xml.substr(at, end - at));
    at = end;
  }
}

bool has_port(const std::string& xml, std::uint16_t port) {
  bool found = false;
  each_tag(xml, "port", [&](std::string_view tag) {
    const std::string range = attribute(tag, "port");
    found = found || (attribute(tag, "protocol") == "tcp" && in_range(range, port));
  });
  return found;
}

class Firewalld {
 public:
  explicit Firewalld(HostView& host) : host_(host) {}

  std::set<std::string> zones() {
    const std::string zone = setting(etc("firewalld.conf"), "DefaultZone");
    std::set<std::string> used{zone.empty() ? "public" : zone};
    for (const std::string& file : host_.names_in("/etc/firewalld/zones")) {
      const std::string xml = etc("zones/" + file);
      const bool bound = xml.find("<interface ") != std::string::npos;
      if (file.ends_with(".xml") && bound) used.insert(file.substr(0, file.size() - 4));
    }
    return used;
  }

  bool lets_in(const std::string& zone, std::uint16_t port) {
    const std::string xml = anywhere("zones/" + zone + ".xml");
    bool open = has_port(xml, port);
    each_tag(xml, "zone",
             [&](std::string_view tag) { open = open || attribute(tag, "target") == "ACCEPT"; });
    each_tag(xml, "service", [&](std::string_view tag) {
      open = open || has_port(anywhere("services/" + attribute(tag, "name") + ".xml"), port);
    });
    return open;
  }

 private:
  std::string etc(const std::string& file) {
    return host_.read(fs::path("/etc/firewalld") / file).value_or("");
  }
  std::string anywhere(const std::string& file) {
    const Result<std::string> own = host_.read(fs::path("/etc/firewalld") / file);
    return own ? *own : host_.read(fs::path("/usr/lib/firewalld") / file).value_or("");
  }

  HostView& host_;
};

}  // namespace

ClosedPorts closed_by_ufw(HostView& host, const Ports& wanted) {
  const std::string on = setting(host.read("/etc/ufw/ufw.conf").value_or(""), "ENABLED");
  const std::string unknown =
      setting(host.read("/etc/default/ufw").value_or(""), "DEFAULT_INPUT_POLICY");
  if (on != "yes" || unknown == "ACCEPT") return {};
  const std::string rules = host.read("/etc/ufw/user.rules").value_or("");
  ClosedPorts closed;
  for (const std::uint16_t port : wanted) {
    if (!ufw_lets_in(rules, port)) closed.ports.insert(port);
  }
  if (!closed.ports.empty()) closed.open_them = "ufw allow " + joined(closed.ports) + "/tcp";
  return closed;
}

ClosedPorts closed_by_firewalld(HostView& host, const Ports& wanted) {
  Firewalld firewalld(host);
  const std::set<std::string> zones = firewalld.zones();
  ClosedPorts closed;
  for (const std::uint16_t port : wanted) {
    bool open = false;
    for (const std::string& zone : zones) open = open || firewalld.lets_in(zone, port);
    if (!open) closed.ports.insert(port);
  }
  if (closed.ports.empty()) return closed;
  closed.open_them = "firewall-cmd --permanent";
  for (const std::uint16_t port : closed.ports) {
    closed.open_them += " --add-port=" + std::to_string(port) + "/tcp";
  }
  closed.open_them += " && firewall-cmd --reload";
  return closed;
}

}  // namespace dokku::server
