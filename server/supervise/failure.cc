#include "server/supervise/failure.h"

#include <csignal>
#include <cstring>

namespace dokku::server {
namespace {

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

std::string seconds(Duration duration) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return std::to_string(whole) + " s";
}

std::string signal_name(int number) {
  const char* const short_name = sigabbrev_np(number);
  const std::string text = std::to_string(number);
  return short_name == nullptr ? text : text + " (SIG" + short_name + ")";
}

std::string list_of(const std::vector<std::uint16_t>& ports) {
  std::string out;
  for (const auto port : ports) out += (out.empty() ? "" : ", ") + std::to_string(port);
  return out;
}

}  // namespace

InstanceFailure describe_exit(const EndedProcess& process, const runtime::Exit& exit) {
  const auto& [app, name, limits] = process;
  InstanceFailure failure{InstanceFailure::Kind::exited, exit.status, {}, {}};
  const std::string status = "status " + std::to_string(exit.status);
  if (exit.out_of_memory) {
    failure.kind = InstanceFailure::Kind::out_of_memory;
    failure.explanation = name + " was killed: out of memory";
    failure.advice = "The server itself has too little memory: dokku doctor";
    if (limits.memory_bytes > 0) {
      failure.explanation += " (limit " + megabytes(limits.memory_bytes) + ")";
      failure.advice = "Let it use less memory, or give it more: dokku resource:limit --memory " +
                       std::to_string(2 * (limits.memory_bytes >> 20)) + "m " + app;
    }
    failure.explanation += ", " + status;
  } else if (exit.status > 128 && exit.status <= 128 + 64) {
    failure.explanation =
        name + " was ended by signal " + signal_name(exit.status - 128) + ", " + status;
  } else {
    failure.explanation = name + " exited with " + status;
    if (exit.status == 127) failure.advice = "Its command was not found: look at the Procfile";
  }
  return failure;
}

InstanceFailure describe_not_ready(const std::string& name, const Listening& listening,
                                   std::uint16_t port, Duration waited) {
  const std::string wanted = std::to_string(port);
  if (listening.loopback_only) {
    return {InstanceFailure::Kind::loopback_only, 0,
            name + " listens on 127.0.0.1:" + wanted + " only, where nothing outside reaches it",
            "Let it listen on 0.0.0.0 (all addresses) and the port in $PORT"};
  }
  if (!listening.other_ports.empty()) {
    return {InstanceFailure::Kind::other_port, 0,
            name + " listens on port " + list_of(listening.other_ports) + ", not on " + wanted,
            "Let it listen on the port in $PORT (" + wanted + ")"};
  }
  return {InstanceFailure::Kind::not_listening, 0,
          name + " did not listen on port " + wanted + " within " + seconds(waited),
          "Let it listen on 0.0.0.0 and the port in $PORT (" + wanted + ")"};
}

InstanceFailure describe_start_failure(const std::string& name, const Error& error) {
  return {InstanceFailure::Kind::start_failed,
          0,
          name + " could not be started: " + error.message(),
          {}};
}

}  // namespace dokku::server
