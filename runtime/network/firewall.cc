#include "runtime/network/firewall.h"

#include <nlohmann/json.hpp>

#include "runtime/network/nft.h"

namespace dokku::runtime {
namespace {

using Json = nlohmann::json;

constexpr const char* kForwardingMark = "forwarding_was_off";

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The objects of one kind in an answer of nft's.
std::vector<Json> objects(std::string_view json, const char* kind) {
  std::vector<Json> found;
  const Json answer = Json::parse(json, nullptr, false);
  if (!answer.is_object() || !answer.contains("nftables")) return found;
  for (const Json& entry : answer["nftables"]) {
    if (entry.is_object() && entry.contains(kind)) found.push_back(entry[kind]);
  }
  return found;
}

std::string where(const ForeignChain& chain) {
  return chain.family + " " + chain.table + " " + chain.chain;
}

// What Docker, libvirt and Kubernetes call their chains.
bool needs_forwarding(const std::string& chain) {
  return chain == "DOCKER" || chain == "DOCKER-USER" || chain == "LIBVIRT_FWO" ||
         chain == "KUBE-FORWARD";
}

// Whose chain it is, by the names that they give them; empty: somebody's.
std::string neighbour(const ForeignChain& at) {
  if (at.table == "firewalld") return "firewalld";
  if (at.chain.starts_with("ufw")) return "ufw";
  if (at.chain.starts_with("DOCKER")) return "Docker";
  if (at.chain.starts_with("LIBVIRT")) return "libvirt";
  return at.chain.starts_with("KUBE") ? "Kubernetes" : "";
}

std::string ports_text(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (std::uint16_t port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port);
  return text;
}

void replace_all(std::string* text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text->find(what, at)) != std::string::npos; at += by.size()) {
    text->replace(at, what.size(), by);
  }
}

// Order matters within a chain only; `drop` in one table is final whatever others accept. Packets
// between proxy and containers, and DNS, are not tracked: a full table must not stall them. So
// answers to the proxy are told from new connections by their TCP flags.
constexpr const char* kRules = R"(
add table inet TABLE
delete table inet TABLE
table inet TABLE {
  # Pairs of containers (source . destination) that may talk to each other.
  set allowed_links {
    type ipv4_addr . ipv4_addr
  }
  # Apps' own ports on the host, for containers that call them by its address.
  set app_ports {
    type inet_service
  }
  # An answer, so that nothing waits for a time-out.
  chain refused {
    reject with icmpx type admin-prohibited
  }
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "PREFIX*" ip daddr GATEWAY notrack
    LOOPBACK_IN
  }
  chain raw_output {
    type filter hook output priority raw; policy accept;
    oifname "PREFIX*" ip saddr GATEWAY notrack
    LOOPBACK_OUT
  }
  chain input {
    type filter hook input priority -5; policy accept;
    iifname "PREFIX*" goto from_container
    iifname != "lo" ip daddr GATEWAY drop
  }
  chain from_container {
    meta nfproto ipv6 drop
    ip daddr GATEWAY udp dport 53 accept
    ip daddr GATEWAY tcp dport 53 accept
    ip daddr GATEWAY tcp flags & (syn | ack) != syn accept
    ct state established,related accept
    icmp type { echo-request, echo-reply, destination-unreachable, time-exceeded } accept
    PUBLIC_PORTS
    ip daddr != 127.0.0.0/8 fib daddr type local tcp dport @app_ports accept
    goto refused
  }
  chain forward {
    type filter hook forward priority -5; policy accept;
    # The uplink's packets may have become smaller since a link was made, and routers be silent.
    iifname "PREFIX*" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
    oifname "PREFIX*" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
    iifname "PREFIX*" goto leaving
    oifname "PREFIX*" goto entering
  }
  chain leaving {
    meta nfproto ipv6 drop
    ct state established,related accept
    oifname "PREFIX*" ip saddr . ip daddr @allowed_links accept
    oifname "dk*" goto refused  # any instance's
    ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 } goto refused
  }
  chain entering {
    ct state established,related accept
    drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr SUBNET oifname != "PREFIX*" masquerade
  }
  MARK
}
)";

}  // namespace

std::string ruleset_text(const FirewallRules& rules) {
  std::string text = kRules;
  replace_all(&text, "TABLE", rules.table);
  replace_all(&text, "PREFIX", rules.link_prefix);
  replace_all(&text, "GATEWAY", to_string(rules.subnet.gateway));
  replace_all(&text, "SUBNET", rules.subnet.range_text());
  const char* const local = "ip saddr 127.0.0.0/8 ip daddr 127.0.0.0/8 notrack";
  const bool skip = rules.track_loopback;
  replace_all(&text, "LOOPBACK_IN", skip ? "" : "iifname \"lo\" " + std::string(local));
  replace_all(&text, "LOOPBACK_OUT", skip ? "" : "oifname \"lo\" " + std::string(local));
  const std::string ports = ports_text(rules.public_ports);
  replace_all(&text, "PUBLIC_PORTS",
              ports.empty() ? ""
                            : "ip daddr != 127.0.0.0/8 fib daddr type local tcp dport { " + ports +
                                  " } accept");
  replace_all(&text, "MARK",
              rules.forwarding_was_off ? "chain " + std::string(kForwardingMark) + " { }" : "");
  return text;
}

Result<RulesetSurvey> parse_survey(std::string_view json, const std::string& own_table) {
  RulesetSurvey survey;
  bool docker_user = false;
  const std::vector<Json> chains = objects(json, "chain");
  for (const Json& chain : chains) {
    docker_user = docker_user ||
                  (text_of(chain, "family") == "ip" && text_of(chain, "name") == "DOCKER-USER");
  }
  for (const Json& chain : chains) {
    const ForeignChain at{text_of(chain, "family"), text_of(chain, "table"),
                          text_of(chain, "name")};
    if (at.chain == kForwardingMark && at.table.starts_with("dokku_")) {
      survey.forwarding_was_off = true;
    }
    if (at.table.starts_with("dokku_")) {
      survey.own_table = survey.own_table || at.table == own_table;
      survey.other_instances = survey.other_instances || at.table != own_table;
      continue;
    }
    survey.others_forward = survey.others_forward || needs_forwarding(at.chain);
    if (const std::string who = neighbour(at); !who.empty()) survey.neighbours.insert(who);
    const std::string hook = text_of(chain, "hook"), type = text_of(chain, "type");
    survey.others_rewrite_local =
        survey.others_rewrite_local || (type == "nat" && hook == "output");
    const bool ours_pass = type == "filter" && (hook == "forward" || hook == "input") &&
                           (at.family == "ip" || at.family == "inet");
    if (at.chain == "DOCKER-USER" && at.family == "ip") survey.passed.push_back(at);
    if (!ours_pass) continue;
    survey.passed.push_back(at);
    if (text_of(chain, "policy") != "drop" && at.table != "firewalld") continue;
    const bool through_docker = docker_user && hook == "forward" && at.family == "ip";
    survey.closed.push_back(through_docker ? ForeignChain{"ip", at.table, "DOCKER-USER"} : at);
  }
  return survey;
}

bool trusts(std::string_view json, const std::string& chain, const Subnet& subnet) {
  const Json source = {
      {"op", "=="},
      {"left", {{"payload", {{"protocol", "ip"}, {"field", "saddr"}}}}},
      {"right",
       {{"prefix", {{"addr", to_string(subnet.range.base)}, {"len", subnet.range.length}}}}}};
  for (const Json& rule : objects(json, "rule")) {
    if (!text_of(rule, "chain").starts_with(chain + "_")) continue;
    bool ours = false, trusted = false;
    for (const Json& part : rule.value("expr", Json::array())) {
      if (!part.is_object()) continue;
      ours = ours || (part.contains("match") && part["match"] == source);
      for (const char* way : {"goto", "jump"}) {
        trusted =
            trusted || (part.contains(way) && text_of(part[way], "target").ends_with("_trusted"));
      }
    }
    if (ours && trusted) return true;
  }
  return false;
}

Result<std::string> Firewall::run(const std::string& commands) {
  return run_nft(worker_program_, commands);
}

Result<RulesetSurvey> Firewall::survey() {
  const std::string json = TRY(run("list chains"));
  return parse_survey(json, table_);
}

Result<> Firewall::apply(const FirewallRules& rules) {
  TRY(run(ruleset_text(rules)));
  return {};
}

Result<> Firewall::open_ports(const std::set<std::uint16_t>& ports) {
  const std::string set = "inet " + table_ + " app_ports";
  std::string commands = "flush set " + set + "\n";
  const std::string list = ports_text({ports.begin(), ports.end()});
  if (!list.empty()) commands += "add element " + set + " { " + list + " }\n";
  TRY(run(commands));
  return {};
}

// Commands that delete our rules from `chains`, found by their comment.
Result<std::string> Firewall::delete_own_rules(const std::vector<ForeignChain>& chains) {
  std::string commands;
  for (const ForeignChain& chain : chains) {
    const std::string json = TRY(run("list chain " + where(chain)));
    for (const Json& rule : objects(json, "rule")) {
      if (text_of(rule, "comment") != table_ || !rule.contains("handle")) continue;
      commands += "delete rule " + where(chain) + " handle " + rule["handle"].dump() + "\n";
    }
  }
  return commands;
}

Result<> Firewall::open_foreign(const RulesetSurvey& survey, const Subnet& subnet) {
  Result<> all;
  for (const ForeignChain& chain : survey.closed) {
    std::string commands = TRY(delete_own_rules({chain}));
    const std::string insert = "insert rule " + where(chain);
    const std::string comment = " accept comment \"" + table_ + "\"\n";
    commands += insert + " iifname \"" + link_prefix_ + "*\"" + comment;
    commands += insert + " oifname \"" + link_prefix_ + "*\"" + comment;
    Result<std::string> done = run(commands);
    if (done) continue;
    const std::string way_on =
        chain.table == "firewalld"
            ? "firewall-cmd --permanent --zone=trusted --add-source=" + subnet.range_text() +
                  " && firewall-cmd --reload"
            : "nft " + insert + " iifname \\\"" + link_prefix_ + "*\\\" accept";
    all = fail(Errc::conflict, "the host's firewall (" + where(chain) +
                                   ") drops what containers send, and " + done.error().message() +
                                   "; type: " + way_on);
  }
  return all;
}

Result<std::vector<ForeignChain>> Firewall::still_closed(const RulesetSurvey& survey,
                                                         const Subnet& subnet) {
  std::vector<ForeignChain> closed;
  for (const ForeignChain& chain : survey.closed) {
    const std::string own = TRY(delete_own_rules({chain}));
    if (!own.empty()) continue;
    if (chain.table == "firewalld") {
      const std::string json = TRY(run("list table " + chain.family + " " + chain.table));
      if (trusts(json, chain.chain, subnet)) continue;
    }
    closed.push_back(chain);
  }
  return closed;
}

Result<> Firewall::remove() {
  const RulesetSurvey found = TRY(survey());
  std::string commands = TRY(delete_own_rules(found.passed));
  commands += "add table inet " + table_ + "\ndelete table inet " + table_ + "\n";
  TRY(run(commands));
  return {};
}

}  // namespace dokku::runtime
