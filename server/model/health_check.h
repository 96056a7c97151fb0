// HealthCheck: what an app asks its processes before they get requests.
//
// Read from app.json's "healthchecks" (app_json.h) or from the older file CHECKS, which is about
// web alone. Values; carried out by server/checks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace dokku::server {

struct HealthCheck {
  enum class Stage { startup, readiness, liveness };  // a deploy runs the first
  enum class Kind { path, command, listening, uptime };
  Stage stage = Stage::startup;
  Kind kind = Kind::uptime;
  std::string name;
  std::string path;  // begins with '/'
  std::string host;  // empty: the app's first domain
  bool https = false;  // said in X-Forwarded-Proto; processes themselves speak plain HTTP
  std::string content;  // expected somewhere in the body
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> command;
  std::uint16_t port = 0;  // 0: the app's own
  unsigned attempts = 3;
  std::chrono::seconds wait{5};     // between attempts
  std::chrono::seconds timeout{5};  // of one
  std::chrono::seconds initial_delay{0};  // after the start of the process
  std::chrono::seconds uptime{10};
  bool warn_only = false;

  // The longest that it may take from the process's start on.
  std::chrono::seconds longest() const {
    if (kind == Kind::uptime) return initial_delay + uptime;
    return initial_delay + (wait + timeout) * static_cast<long>(attempts);
  }
  // "attempts=3 path='/health' port=5000 timeout=5 type='path' wait=5", sorted, as Dokku prints it.
  std::string description(std::uint16_t app_port) const;
};

// Checks by process type.
using HealthChecks = std::map<std::string, std::vector<HealthCheck>>;

// What WAIT, TIMEOUT and ATTEMPTS are when the file does not say.
struct ChecksFileDefaults {
  std::chrono::seconds wait{5};
  std::chrono::seconds timeout{30};
  unsigned attempts = 5;
};

// Blank and # lines; WAIT=, TIMEOUT=, ATTEMPTS=; `/path [expected text]`, `//host/path`,
// `http://host/path`, `https://…`. `{{ var "NAME" }}` is replaced by config. invalid_argument names
// the line.
Result<std::vector<HealthCheck>> parse_checks_file(std::string_view text,
                                                   const std::map<std::string, std::string>& config,
                                                   const ChecksFileDefaults& defaults);

// A path or host that can stand in the head of a request: no white space, no control characters.
bool fits_request_line(std::string_view text);

inline constexpr unsigned kCheckAttemptsMax = 1000;
inline constexpr std::chrono::seconds kCheckSecondsMax{3600};

}  // namespace dokku::server
