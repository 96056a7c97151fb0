// What the control plane tells the proxy: which names and ports lead where. Values only.
//
// `key` groups what changes together (an app). Sent by proxy/control/client.h, kept by the proxy in
// its snapshot file; the same JSON shape is the snapshot's (docs/formats.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/control/settings.h"

namespace dokku::proxy {

struct Target {
  std::string address;  // IPv4 or IPv6 literal
  std::uint16_t port = 0;
  std::string instance;  // "blog.web.1", for logs
  friend bool operator==(const Target&, const Target&) = default;
};

// What is spoken on a port, and with it to the app: grpc is HTTP/2 to the app; the s is for TLS.
enum class Scheme : std::uint8_t { http, https, grpc, grpcs };
constexpr bool is_tls(Scheme scheme) { return scheme == Scheme::https || scheme == Scheme::grpcs; }
constexpr bool is_grpc(Scheme scheme) { return scheme == Scheme::grpc || scheme == Scheme::grpcs; }

// A port on which a group answers. Groups share a port by their hosts, when all of them speak TLS
// there or none does; with any_host the port is one group's alone.
struct Listener {
  std::uint16_t port = 0;
  Scheme scheme = Scheme::http;
  std::uint16_t target_port = 0;  // 0: each target's own
  bool any_host = false;          // whatever the Host says
  std::uint16_t redirect_to = 0;  // the https port to which every request is sent; 0: none
  friend bool operator==(const Listener&, const Listener&) = default;
};

// An answer that a certificate authority will ask for (RFC 8555 §8.3, RFC 8737).
struct Challenge {
  std::string host;
  std::string token;        // http-01: GET /.well-known/acme-challenge/TOKEN …
  std::string answer;       // … on any plain port is answered with this
  std::string certificate;  // tls-alpn-01: id of the certificate for ALPN "acme-tls/1"
  friend bool operator==(const Challenge&, const Challenge&) = default;
};

// One group: all of these hosts, on all of these listeners, lead to these targets.
struct Group {
  std::string key;
  std::vector<std::string> hosts;   // lower case; "*.example.com", "*" for the rest
  std::vector<Listener> listeners;  // empty: the proxy's own ports, http and https
  std::vector<Target> targets;      // empty: 502 page
  // Ids of Certificates; those whose names match come first, ECDSA and RSA side by side.
  std::vector<std::string> certificates;
  std::vector<Challenge> challenges;
  Settings settings;
  std::uint64_t generation = 0;  // release number, for counters
  friend bool operator==(const Group&, const Group&) = default;
};

// A chain and its private key, both PEM. Travels beside groups, never inside: groups are listed,
// logged and kept in the snapshot, keys are not. `id` is a digest of both, so that a certificate
// never changes under its id (docs/decisions/0005).
struct Certificate {
  std::string id;  // [0-9a-f]{64}
  std::string chain;
  std::string key;
};

}  // namespace dokku::proxy
