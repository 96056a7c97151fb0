// The limits of the data path that are the same for all apps, by name; what an app may set is in
// proxy/control/settings.h. docs/life-of-a-request.md lists them all.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "proxy/h1/head.h"

namespace dokku::proxy::session {

using namespace std::chrono_literals;

struct Limits {
  // Clients.
  Duration handshake_time = 10s;    // of TLS, from the connection's first moment
  h1::HeadLimits request_head{};
  Duration goodbye_time = 2s;  // from an idle HTTP/2 client's GOAWAY to the end
  // Clients that speak HTTP/2; what its frames are held to: proxy/h2/session.h, frame_guard.h.
  std::uint32_t h2_streams_max = 100;
  std::size_t h2_stream_bytes = 64 * 1024;       // of an answer that wait for the client
  std::size_t h2_connection_bytes = 256 * 1024;  // of all its answers, but at least …
  std::size_t h2_share_bytes = 4 * 1024;         // … this of one that has nothing waiting
  std::size_t h2_gather_bytes = 16 * 1024;  // of frames that are sent by one call
  // Apps.
  Duration rest_time = 1s;       // an address that refused is avoided, if there is another
  int attempts_max = 3;
  // Between two questions (PING) whether an app of HTTP/2 is alive: servers of gRPC hang up on who
  // asks more often than each 5 min while they have nothing to say.
  Duration app_ping_gap = 301s;
  // Both.
  Duration tunnel_half_closed_time = 60s;
  Duration drain_time = 30s;
  std::size_t read_bytes = 64 * 1024;  // of one read, and with it of what waits in one direction
  std::size_t replay_bytes_max = 64 * 1024;
  std::size_t bytes_per_turn = 256 * 1024;  // of one connection, before others get their turn
  int accepts_per_turn = 64;
  // Small reads of one message that are acknowledged at once (AckPolicy).
  std::uint8_t early_acks_max = 8;
  std::size_t reserved_descriptors_min = 64;  // not for clients: an eighth of all, or this
};

}  // namespace dokku::proxy::session
