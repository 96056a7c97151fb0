// Why an instance does not run or is not ready, in words for people.
//
// Each says what was seen and, as advice, what to do. Used by supervision.cc and the release phase.
#pragma once

#include <string>

#include "base/clock.h"
#include "runtime/api/containers.h"
#include "server/supervise/executor.h"
#include "server/supervise/listening.h"

namespace dokku::server {

// What ended: "web.1" of "blog", or "The release task".
struct EndedProcess {
  std::string app;
  std::string name;
  runtime::Limits limits;
};
// A status above 128 is a signal, as a shell shows it.
InstanceFailure describe_exit(const EndedProcess& process, const runtime::Exit& exit);
InstanceFailure describe_not_ready(const std::string& name, const Listening& listening,
                                   std::uint16_t port, Duration waited);
InstanceFailure describe_start_failure(const std::string& name, const Error& error);

}  // namespace dokku::server
