// Commands of nftables, carried out by libnftables in a worker process.
//
// The daemon changes the host's rules at its start and when an app gets a port of its own; for the
// rest of its life the library, which brings four others along, would only take memory. It also
// reads rules that others made, which the daemon shall not parse itself. Threads: any.
#pragma once

#include <string>

#include "base/result.h"

namespace dokku::runtime {

// The daemon's side: starts `PROGRAM nft`, named dokku-worker. Answers nftables' output as JSON.
// internal: nftables refused; the message is its first line.
Result<std::string> run_nft(const std::string& program, const std::string& commands);

// The worker's side: commands from descriptor 0, output or error on 1. Returns the exit status.
int nft_task();

}  // namespace dokku::runtime
