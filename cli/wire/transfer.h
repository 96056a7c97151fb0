// Bytes and descriptors over a unix socket: the only system calls of the protocol.
//
// Called by cli/client (blocking) and cli/session (non-blocking socket). Threads: one sender and
// one receiver per socket at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::cli::wire {

// Sends once; returns how much went. Descriptors go with the first byte and stay the caller's.
// 0: the socket does not take any now (non-blocking only). cancelled: the peer is gone.
Result<std::size_t> send_some(int socket, std::string_view bytes, const std::vector<UniqueFd>& fds);

struct Received {
  std::size_t bytes = 0;   // appended
  bool end = false;        // the peer is gone
};

// Receives once: appends bytes to `into`, descriptors (close-on-exec) to `fds`. Nothing there on a
// non-blocking socket: no bytes and no end. A peer that was killed counts as end.
Result<Received> receive_some(int socket, std::string& into, std::deque<UniqueFd>& fds);

// Takes `count` descriptors that came with a frame. invalid_argument: fewer arrived.
Result<std::vector<UniqueFd>> take_descriptors(std::deque<UniqueFd>& fds, unsigned count);

}  // namespace dokku::cli::wire
