// Reading on in a file that grows, until the person is gone: for commands with -t.
#pragma once

#include <poll.h>

#include <cerrno>

#include "cli/output/session.h"

namespace dokku::cli {

// Calls `read` at once and whenever `fd` says that there is more.
template <class F>
Result<> follow_file(Session& session, int fd, F&& read) {
  while (!session.cancel().cancelled()) {
    TRY(read());
    pollfd look[2] = {{fd, POLLIN, 0}, {session.cancel().fd(), POLLIN, 0}};
    if (::poll(look, 2, -1) < 0 && errno != EINTR) return fail_syscall("poll", errno);
  }
  return {};
}

}  // namespace dokku::cli
