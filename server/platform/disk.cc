#include "server/platform/disk.h"

#include "base/check.h"

namespace dokku::server {

Result<DiskReport> Disk::report(const std::vector<App>& apps) {
  CHECK(deploys_ != nullptr);
  return deploys_->disk_report(apps);
}

Result<Freed> Disk::clean_up(const Cleaning& how) {
  CHECK(deploys_ != nullptr);
  return deploys_->clean_up(how);
}

}  // namespace dokku::server
