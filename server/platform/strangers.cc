#include "server/platform/strangers.h"

#include "buildstep/source/worker_call.h"
#include "server/certificates/tar_pair.h"

namespace dokku::server {
namespace {

constexpr std::chrono::seconds kTarLimit{10};
constexpr std::chrono::seconds kHostKeyLimit{20};

Result<KeyPair> key_pair_of_tar(const std::string& program, const std::string& tar) {
  const std::string answer = TRY(buildstep::call_worker(
      {.program = program, .task = kCertificateTarTask, .input = tar, .limit = kTarLimit},
      nullptr));
  const std::size_t end = answer.find('\0');
  if (end == answer.npos) return fail(Errc::internal, "a foreign answer of the worker");
  return KeyPair{answer.substr(0, end), answer.substr(end + 1)};
}

Result<std::string> host_key(const std::string& program, const std::string& host,
                             std::uint16_t port) {
  return buildstep::call_worker({.program = program,
                                 .task = "host-key",
                                 .arguments = {host, std::to_string(port)},
                                 .limit = kHostKeyLimit},
                                nullptr);
}

}  // namespace

Strangers strangers_in_workers(const std::string& program) {
  Strangers strangers;
  strangers.key_pair_of_tar = [program](const std::string& tar) {
    return key_pair_of_tar(program, tar);
  };
  strangers.host_key = [program](const std::string& host, std::uint16_t port) {
    return host_key(program, host, port);
  };
  return strangers;
}

}  // namespace dokku::server
