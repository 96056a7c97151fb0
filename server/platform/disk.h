// Disk: what uses it, and what may go (disk:report, cleanup). docs/operate.md, "Disk".
#pragma once

#include <vector>

#include "server/deploy/deploys.h"

namespace dokku::server {

class Disk {
 public:
  explicit Disk(Deploys* deploys) : deploys_(deploys) {}

  // The server, and these apps. Blocks while folders are measured.
  Result<DiskReport> report(const std::vector<App>& apps);
  // What no app needs, and what else `how` says.
  Result<Freed> clean_up(const Cleaning& how);

 private:
  Deploys* deploys_;  // null: a platform without processes, in tests
};

}  // namespace dokku::server
