// Listening: what a process group listens on, as the kernel tells it.
//
// Asked of the network namespace of that process, see socket_diag.h; where the kernel has no such
// answer, read from /proc/<pid>/net/tcp and tcp6 (proc(5), "/proc/net/tcp"). Unlike a trial
// connection this disturbs no app, and it also tells what is wrong: the right port on 127.0.0.1
// only, or another port. Threads: any. Takes some 100 us; the files take milliseconds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace dokku::server {

struct Listening {
  bool reachable = false;                  // the wanted port, on an address that is not loopback
  bool loopback_only = false;              // the wanted port, on loopback alone
  std::vector<std::uint16_t> other_ports;  // sorted, each once
};

// A process that is gone listens on nothing.
Listening look_at_listeners(pid_t pid, std::uint16_t wanted_port);

// The same from the two files' text.
Listening parse_listeners(std::string_view tcp4, std::string_view tcp6, std::uint16_t wanted_port);

}  // namespace dokku::server
