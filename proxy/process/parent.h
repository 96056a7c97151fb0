// The parent process: holds the listening sockets and the control socket, and keeps workers alive.
//
// Touches no request. Changes of routes come in over the control socket, are checked against the
// table, sent to all workers, written to the snapshot, and acknowledged when every worker serves
// them. A worker that dies is started anew at once and costs its own requests only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/process/handover.h"

namespace dokku::proxy::process {

struct ParentOptions {
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 0;  // 0: none
  std::vector<std::string> addresses{"0.0.0.0", "::"};
  // PEM, for names that no app claims and clients that say none; both empty: those are refused.
  std::filesystem::path default_certificate;
  std::filesystem::path default_key;
  std::filesystem::path control;
  std::filesystem::path snapshot;  // empty: none
  std::filesystem::path hosts;     // instead: routes that stay as they are (hosts_file.h)
  // Logs of requests: a file per app in a folder, or one for all. Both empty: none.
  std::filesystem::path log_dir;
  std::filesystem::path access_log;
  std::size_t workers = 1;
  std::string user;                 // empty: stay who we are
  std::filesystem::path pid_file;   // empty: none; "PID START-TIME", also after an upgrade
  Invocation invocation;            // how to start what takes over
  bool take_over = false;           // from the parent at kHandoverFd
  // What an old program that was replaced may still take for its last requests and tunnels.
  std::chrono::seconds patience = std::chrono::hours(1);
  unsigned long files = 1UL << 17;  // descriptors of each process, as far as we may
};

// Runs until SIGTERM (workers finish what is under way, at most 30 s) or SIGINT (at once). SIGUSR2:
// upgrade, that is: the program on disk takes over (handover.h).
// Fails before it serves anything, with a sentence that says what is in the way.
Result<> run_parent(const ParentOptions& options);

}  // namespace dokku::proxy::process
