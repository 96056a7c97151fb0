#include "buildstep/buildpack/git_worker.h"

#include <algorithm>

#include "base/io.h"
#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr auto kFetchLimit = std::chrono::minutes(5);

}  // namespace

std::string SshAccess::text() const { return known_hosts + '\0' + private_key; }

SshAccess SshAccess::parse(const std::string& text) {
  const std::size_t end = std::min(text.find('\0'), text.size());
  return {text.substr(0, end), text.substr(std::min(end + 1, text.size()))};
}

Result<std::string> GitWorker::fetch(const Wanted& wanted, int into,
                                     const CancelToken& cancel) const {
  SshAccess access;
  if (!ssh_dir_.empty()) {
    access.known_hosts = read_file(ssh_dir_ / kKnownHosts, kFileBytesMax).value_or("");
    access.private_key = read_file(ssh_dir_ / kDeployKey, kFileBytesMax).value_or("");
  }
  const WorkerCall call{.program = program_,
                        .task = "fetch-git",
                        .arguments = {wanted.url, wanted.ref, wanted.known_commit},
                        .input = access.text(),
                        .more_fds = {into},
                        .uid = std::nullopt,
                        .limit = kFetchLimit};
  return call_worker(call, &cancel);
}

}  // namespace dokku::buildstep
