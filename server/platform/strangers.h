// Strangers: what must be asked of a worker, since bytes of strangers are not parsed in the daemon.
//
// A worker is this program again under the build user (buildstep/source/worker_call.h);
// programs/dokkud joins the two halves. Tests pass functions of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/model/route_spec.h"

namespace dokku::server {

struct Strangers {
  // server/certificates/tar_pair.h
  std::function<Result<KeyPair>(const std::string& tar)> key_pair_of_tar = {};
  // The key of the ssh server that answers there, as it is on the wire (RFC 4253 §6.6).
  std::function<Result<std::string>(const std::string& host, std::uint16_t port)> host_key = {};
};

// `dokku-worker TASK …` for each question.
Strangers strangers_in_workers(const std::string& program);

}  // namespace dokku::server
