// Firewall: the instance's nftables table, and what others' rules need to let its packets through.
//
// By libnftables, in a worker (nft.h). The table is replaced as a whole in one transaction. That
// this instance switched IPv4 forwarding on is remembered as an (empty) chain of the table, which
// the next instance inherits: so whoever leaves last puts it back. Not thread-safe.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/network/subnet.h"

namespace dokku::runtime {

// A chain that somebody else hooked where our packets pass.
struct ForeignChain {
  std::string family, table, chain;
  friend bool operator==(const ForeignChain&, const ForeignChain&) = default;
};

// What tables there are.
struct RulesetSurvey {
  bool own_table = false;           // this instance's network is up
  bool forwarding_was_off = false;  // some instance of ours switched it on
  bool other_instances = false;
  bool others_forward = false;        // Docker, libvirt or Kubernetes rely on forwarding
  bool others_rewrite_local = false;  // NAT of the host's own packets: loopback must be tracked
  std::vector<ForeignChain> closed;   // drop what they do not know: need a rule of ours
  std::vector<ForeignChain> passed;   // all that might hold a rule of ours
  std::set<std::string> neighbours;   // "Docker", "ufw", "firewalld"
};
// `json`: the answer to "list chains".
Result<RulesetSurvey> parse_survey(std::string_view json, const std::string& own_table);

// `json`: the answer to "list table" of firewalld's. Whether what comes from `subnet` through
// `chain` is of the zone `trusted`.
bool trusts(std::string_view json, const std::string& chain, const Subnet& subnet);

struct FirewallRules {
  std::string table;        // "dokku_<name>"
  std::string link_prefix;  // "dk<name>-"
  Subnet subnet;
  std::vector<std::uint16_t> public_ports;
  bool forwarding_was_off = false;
  bool track_loopback = true;
};
std::string ruleset_text(const FirewallRules& rules);

class Firewall {
 public:
  Firewall(std::string table, std::string link_prefix, std::string worker_program)
      : table_(std::move(table)),
        link_prefix_(std::move(link_prefix)),
        worker_program_(std::move(worker_program)) {}

  Result<RulesetSurvey> survey();
  Result<> apply(const FirewallRules& rules);
  // Beside `FirewallRules::public_ports`, in one step; the table is there.
  Result<> open_ports(const std::set<std::uint16_t>& ports);
  // Accepts our links in each of `survey.closed`. conflict: one of them could not be changed.
  Result<> open_foreign(const RulesetSurvey& survey, const Subnet& subnet);
  // Those of `survey.closed` that hold no rule of ours, and trust `subnet` in no way of their own.
  Result<std::vector<ForeignChain>> still_closed(const RulesetSurvey& survey, const Subnet& subnet);
  // The table and every rule of ours elsewhere. Success when there is nothing.
  Result<> remove();

 private:
  Result<std::string> run(const std::string& commands);
  Result<std::string> delete_own_rules(const std::vector<ForeignChain>& chains);

  std::string table_, link_prefix_, worker_program_;
};

}  // namespace dokku::runtime
