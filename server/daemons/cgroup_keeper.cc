#include "server/daemons/cgroup_keeper.h"

#include <fcntl.h>

#include <algorithm>
#include <system_error>

#include "base/io.h"

namespace dokku::server {

std::string unified_cgroup_of(std::string_view proc_self_cgroup) {
  while (!proc_self_cgroup.empty()) {
    const std::string_view line = proc_self_cgroup.substr(0, proc_self_cgroup.find('\n'));
    proc_self_cgroup.remove_prefix(std::min(line.size() + 1, proc_self_cgroup.size()));
    if (line.starts_with("0::")) return std::string(line.substr(3));
  }
  return "";
}

Result<> move_aside(const std::filesystem::path& root, const std::string& group, pid_t pid) {
  const std::filesystem::path keeper = root / group.substr(group.find_first_not_of('/')) /
                                       kKeeperGroup;
  std::error_code error;
  std::filesystem::create_directories(keeper, error);
  if (error) return fail(Errc::internal, keeper.string() + ": " + error.message());
  const UniqueFd processes = TRY(open_file(keeper / "cgroup.procs", O_WRONLY));
  return write_all(processes.get(), std::to_string(pid));
}

}  // namespace dokku::server
