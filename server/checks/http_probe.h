// HttpProbe: one GET request to a process, or only a connection to its port.
//
// Non-blocking from the connect on. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "server/checks/http_answer.h"
#include "server/checks/probe.h"

namespace dokku::server {

struct HttpQuestion {
  std::string address;  // IPv4, "10.1.2.3"
  std::uint16_t port = 0;
  std::string path;  // empty: it is enough that the port takes a connection
  std::string host;
  bool https = false;  // X-Forwarded-Proto
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content;  // expected in the body; empty: any
};

std::unique_ptr<Probe> make_http_probe(HttpQuestion question);

}  // namespace dokku::server
