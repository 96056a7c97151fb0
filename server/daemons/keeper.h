// Keeper: a supervisor's loop. Starts daemons in order, asks them, starts them again, ends them.
//
// For machines and containers where no systemd runs; the program dokku-supervise is this with a
// command line. Each daemon has a session of its own and its output in a file; apps and a private
// containerd are not its children and outlive it, as do the daemons when it is killed: the next one
// adopts them by their files. A proxy that an upgrade replaced is found by its file, too.
// Threads: none; everything happens in run().
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/daemons/keeping.h"
#include "server/daemons/plan.h"

namespace dokku::server {

struct KeeperOptions {
  std::vector<DaemonPlan> plans;  // in the order of their start
  std::filesystem::path client;   // the program dokku
  std::filesystem::path command_socket;
  Keeping::Limits limits;
  // Called once, when all of them were ready or have ended before that; empty text: all are ready.
  std::function<void(const std::string& trouble)> on_first;
  // At each turn after that, some seconds apart at most; does not block.
  std::function<void()> on_turn;
  // SIGUSR2: becomes another program, which adopts the daemons by their files. Returns only when
  // that fails.
  std::function<void()> on_replace;
};

class Keeper {
 public:
  // Blocks SIGTERM, SIGINT, SIGHUP, SIGUSR2 and SIGCHLD, and becomes the parent of orphaned
  // grandchildren. The clock outlives it.
  static Result<std::unique_ptr<Keeper>> create(KeeperOptions options, const Clock& clock);
  virtual ~Keeper() = default;
  // Until SIGTERM or SIGINT, and then until all have ended, last started first. SIGHUP goes to the
  // proxy.
  virtual Result<> run() = 0;
};

}  // namespace dokku::server
