// Settings: every limit and switch that an app (or the whole server) may set, with its default.
//
// Fields are named as Dokku's `nginx:set` properties, dashes for underscores; server/model/
// proxy_property.h maps names and values as people type them. Values only, part of a Group; only
// what differs from the default is written down (docs/formats.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dokku::proxy {

using namespace std::chrono_literals;

struct Settings {
  using Millis = std::chrono::milliseconds;

  // --- clients
  std::uint64_t client_max_body_size = 0;  // bytes; 413 above it; 0: no limit
  Millis client_header_timeout = 10s;      // a head, from its first byte to its end; 408
  Millis client_body_timeout = 60s;        // no byte of a body that is owed; 408
  Millis send_timeout = 60s;               // the client takes no byte of its answer
  Millis keepalive_timeout = 75s;          // between requests
  Millis lingering_timeout = 5s;           // reading on after a refusal, so that it is not lost
  std::uint32_t large_client_header_buffers = 32 * 1024;  // bytes of a head; 431, 414
  bool underscore_in_headers = false;      // false: fields with "_" in their name are dropped

  // --- apps
  Millis proxy_connect_timeout = 5s;
  Millis proxy_send_timeout = 60s;    // the app takes no byte of the request; 504
  Millis proxy_read_timeout = 60s;    // first byte of an answer (504), and between bytes (cut)
  Millis proxy_tunnel_timeout = 1h;   // no byte either way of a websocket or other upgrade
  // No byte of a call, from the app or from a client that may go on. An app that is dead is found
  // by PING long before.
  Millis grpc_read_timeout = 1h;
  // Idle connections per address and worker; 0: none. As many as requests come at once: below
  // that, connections are opened and closed all the time.
  std::uint32_t proxy_keepalive = 256;
  Millis proxy_keepalive_timeout = 60s;

  // --- what apps are told. A value is replaced, or, behind another proxy, kept or appended to.
  enum class Forwarded : std::uint8_t { replace, append, keep };
  Forwarded x_forwarded_for = Forwarded::replace;
  Forwarded x_forwarded_proto = Forwarded::replace;  // append: as keep
  Forwarded x_forwarded_port = Forwarded::replace;   // append: as keep
  Forwarded x_forwarded_host = Forwarded::replace;   // append: as keep
  std::string x_forwarded_ssl;                       // sent as it is; empty: not sent
  // Peers (addresses or networks, "10.0.0.0/8") whose X-Forwarded-*, X-Request-Id and X-Request-
  // Start are believed whatever the four above say: appended to, or kept.
  std::vector<std::string> trusted_proxies;

  // --- https
  bool hsts = true;
  std::uint64_t hsts_max_age = 15'724'800;  // seconds
  bool hsts_include_subdomains = true;
  bool hsts_preload = false;

  // --- the log of requests, one file per app
  enum class AccessLog : std::uint8_t { off, combined, json };
  AccessLog access_log = AccessLog::combined;
  bool error_log = true;

  // --- answers of our own
  bool maintenance = false;      // every request gets 503 and the page
  std::string maintenance_page;  // HTML; empty: ours
  std::chrono::seconds retry_after = 60s;     // said with it
  std::map<int, std::string> error_pages;     // HTML by status, in place of ours

  // --- hold: requests wait until the app is let go, whether it has targets or not
  bool hold = false;
  std::uint32_t hold_requests_max = 256;  // beyond: 503 with Retry-After
  std::uint64_t hold_bytes_max = 1 << 20;  // of heads and bodies that wait
  Millis hold_timeout = 30s;              // 504

  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace dokku::proxy
