// Exchange: one command, from the call to its exit status.
//
// The client's only loop: frames from the daemon, the caller's standard streams and signals, and
// the streams of an attached process. Used by the programs dokku and dokku-receive. Threads: one;
// blocks signals for as long as it lives.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/client/attached.h"
#include "cli/client/invocation.h"
#include "cli/client/link.h"

namespace dokku::cli {

struct ExchangeOptions {
  std::string socket;
  wire::Call call;
  std::vector<UniqueFd> descriptors;  // go with the call
  Environment environment;            // of a program that the client becomes
  // When nobody can read our output any more, the command is of no use: end, so that the daemon
  // cancels it. Always so while attached.
  bool ends_with_its_reader = false;
  // The same for this writing end of a pipe, which nothing is written to; invalid: none.
  UniqueFd reader_to_watch;
  // What to call the command when the daemon dies meanwhile; empty: its words.
  std::string what;
  // Writes output; none: as it is to descriptors 1 and 2. Fails: nobody reads it.
  std::function<Result<>(int fd, std::string_view bytes)> print;
};

// The exit status. An error: the daemon could not be reached (codes as Link::call's).
Result<int> exchange(ExchangeOptions options);

// " !     line" for each line of `text`, on standard error.
void complain(std::string_view text);

}  // namespace dokku::cli
