// Whether containers reach the world and the world reaches the proxy.
#include "server/doctor/checks.h"
#include "server/doctor/front_firewall.h"

namespace dokku::server {
namespace {

constexpr const char* kMend = "dokku doctor:mend";
constexpr const char* kServersFile = "/etc/resolv.conf";
const std::string kServer = "nameserver ";
// The stack comes from there.
constexpr const char* kAskedName = "deb.debian.org";
// A name that no cache holds takes a resolver a second; the C library waits for 5.
constexpr std::chrono::milliseconds kLookupLimit{3000};

using Ports = std::set<std::uint16_t>;

struct PortWanted {
  std::uint16_t port = 0;
  std::set<std::string> programs;  // who should listen
  std::string what;
  std::string mend;
};

std::string names(const std::set<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// firewalld of Debian 13 owns its table, so that nobody else can write there.
Finding closed_chain(const std::string& chain, const runtime::NetworkHealth& health) {
  const bool firewalld = chain.find(" firewalld ") != std::string::npos;
  return wrong("network", "a foreign firewall (" + chain + ") drops what apps send",
               firewalld ? "firewall-cmd --permanent --zone=trusted --add-source=" + health.range +
                               " && firewall-cmd --reload"
                         : kMend);
}

// Whether the world gets through to the ports that we listen on.
Findings check_front(const DoctorParts& parts, const runtime::NetworkHealth& health) {
  Ports wanted = health.public_ports;
  wanted.insert({parts.instance.http_port, parts.instance.ssh_port});
  if (parts.instance.https_port != 0) wanted.insert(parts.instance.https_port);
  Findings found;
  const auto look = [&](const char* who, ClosedPorts (*closed_by)(HostView&, const Ports&)) {
    if (!health.foreign.contains(who)) return;
    const ClosedPorts closed = closed_by(*parts.host, wanted);
    if (closed.ports.empty()) return;
    std::string list;
    for (const auto port : closed.ports) list += (list.empty() ? "" : ", ") + std::to_string(port);
    found.push_back(
        wrong("network", std::string(who) + " lets nobody in on port " + list, closed.open_them));
  };
  look("ufw", closed_by_ufw);
  look("firewalld", closed_by_firewalld);
  return found;
}

std::optional<Finding> check_port(const PortWanted& wanted, const std::set<PortHolder>& listeners) {
  std::set<std::string> strangers;
  bool ours = false;
  for (const PortHolder& listener : listeners) {
    if (listener.port != wanted.port) continue;
    if (wanted.programs.contains(listener.program)) {
      ours = true;
    } else {
      strangers.insert(listener.program.empty() ? "an unknown program" : listener.program);
    }
  }
  const std::string port = wanted.what + " port " + std::to_string(wanted.port);
  if (!strangers.empty()) {
    return wrong("ports", names(strangers) + " listens on the " + port,
                 "stop and disable it, then: " + wanted.mend);
  }
  if (!ours) return wrong("ports", "nobody listens on the " + port, wanted.mend);
  return std::nullopt;
}

}  // namespace

Findings check_network(const DoctorParts& parts) {
  if (parts.networks == nullptr) return {};
  const Result<runtime::NetworkHealth> health = parts.networks->health();
  if (!health) {
    return {wrong("network", "the packet filter cannot be read: " + health.error().message(),
                  "modprobe nf_tables, then: " + std::string(kMend))};
  }
  Findings found;
  if (!health->forwarding) {
    found.push_back(wrong("network", "IPv4 forwarding is off: apps do not reach the world", kMend));
  }
  if (!health->rules) {
    found.push_back(wrong("network", "the packet filter's rules of this instance are gone", kMend));
  }
  for (const std::string& chain : health->closed) found.push_back(closed_chain(chain, *health));
  for (const std::string& route : health->clashes) {
    found.push_back(wrong("network",
                          "the apps' addresses (" + health->range +
                              ") are also routed elsewhere: " + route +
                              "; what has them there is out of reach",
                          "a boot chooses others, or at once: dokku ps:stop --all, " +
                              std::string(kMend) + ", dokku ps:start --all"));
  }
  for (Finding& finding : check_front(parts, *health)) found.push_back(std::move(finding));
  if (!found.empty()) return found;
  std::string what = "forwarding is on, rules are in place";
  if (!health->foreign.empty()) what += "; beside " + names(health->foreign);
  return {good("network", what)};
}

Findings check_names(const DoctorParts& parts) {
  const std::string text = parts.host->read(kServersFile).value_or("");
  const bool named = text.starts_with(kServer) || text.find("\n" + kServer) != std::string::npos;
  const Lookups found = parts.host->look_up({kAskedName}, kLookupLimit);
  if (found.contains(kAskedName)) return {good("names", "the host's name servers answer")};
  const std::string nobody = ": apps and builds find no host by its name";
  if (!named) {
    return {wrong("names", "no name server is set" + nobody,
                  "write \"nameserver ADDRESS\" into " + std::string(kServersFile))};
  }
  return {wrong("names", "no name server of " + std::string(kServersFile) + " answers" + nobody,
                "look at " + std::string(kServersFile) + ", and whether the host reaches them")};
}

Findings check_ports(const DoctorParts& parts) {
  const Instance& instance = parts.instance;
  const bool systemd = parts.host->mode_of("/run/systemd/system").has_value();
  const std::string proxy = systemd ? "systemctl restart dokku-proxy" : "restart dokku-proxy";
  const std::string sshd = systemd ? "systemctl restart ssh" : "restart sshd";
  std::vector<PortWanted> wanted{{instance.http_port, {"dokku-proxy"}, "http", proxy}};
  if (instance.https_port != 0) {
    wanted.push_back({instance.https_port, {"dokku-proxy"}, "https", proxy});
  }
  // systemd: it listens for sshd (ssh.socket).
  wanted.push_back({instance.ssh_port, {"sshd", "systemd", "dropbear"}, "ssh", sshd});
  std::set<std::uint16_t> ports;
  for (const PortWanted& one : wanted) ports.insert(one.port);
  const std::set<PortHolder> listeners = parts.host->listeners(ports);
  Findings found;
  std::string list;
  for (const PortWanted& one : wanted) {
    if (auto finding = check_port(one, listeners)) found.push_back(std::move(*finding));
    list += (list.empty() ? "" : ", ") + one.what + " " + std::to_string(one.port);
  }
  if (!found.empty()) return found;
  return {good("ports", "all are listened on: " + list)};
}

}  // namespace dokku::server
