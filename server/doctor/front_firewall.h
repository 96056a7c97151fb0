// FrontFirewall: which ports ufw or firewalld keep closed to the world, by their own settings.
//
// The rules that they make of them are not ours to read: iptables' own kind is opaque to nftables.
// A port that they open for some addresses, or by a rule for one link, counts as open: that was
// somebody's will. Values and one function per firewall; files come by HostView. Called by
// check_network.cc.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "server/doctor/host_view.h"

namespace dokku::server {

struct ClosedPorts {
  std::set<std::uint16_t> ports;
  std::string open_them;  // what to type
};

// /etc/ufw, /etc/default/ufw. Nothing is closed while it is off, or lets in what it does not know.
ClosedPorts closed_by_ufw(HostView& host, const std::set<std::uint16_t>& wanted);
// The default zone's file, and those of zones that a link or a source was given to.
ClosedPorts closed_by_firewalld(HostView& host, const std::set<std::uint16_t>& wanted);

}  // namespace dokku::server
