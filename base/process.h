// Starting programs without a shell, and waiting for them.
//
// The only place in the tree that forks. Arguments go to execve as they are; the environment is
// exactly what is given; every descriptor but those mapped is closed in the child.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku {

// How a process ended. Exactly one of the two is set.
struct ExitStatus {
  std::optional<int> code;    // 0..255
  std::optional<int> signal;  // 1..64
  bool ok() const { return code == 0; }
  // What a shell would show: the code, or 128 + signal.
  int shell_status() const { return code ? *code : 128 + signal.value_or(0); }
};

struct ProcessSpec {
  std::string program;                   // absolute, or searched in PATH of `environment`
  std::vector<std::string> arguments;    // with argv[0]
  std::vector<std::string> environment;  // "K=V"
  std::string directory = "/";
  // Descriptors of ours to become 0, 1, 2 of the child; -1: /dev/null.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // More descriptors, kept as 3, 4, … in this order.
  std::vector<int> more_fds;
  // Own session: outlives us and gets no signals from our terminal.
  bool new_session = false;
  // Nobody's child of ours from the start: the child of whoever takes in our orphans (systemd, a
  // subreaper, init), which alone learns its status. For a successor that is to outlive us.
  bool orphan = false;
  // Killed by the kernel when the thread that started it ends.
  bool die_with_parent = false;
  // Drop to this user and group before exec, with no supplementary groups.
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  // cgroup directories to enter before exec.
  std::vector<std::string> cgroup_procs_files;
};

// A running child, or an orphan of ours. Its destructor kills (SIGKILL) and reaps what was not
// waited for or let go.
class Process {
 public:
  // Fails also when the program cannot be executed (reported over a pipe from the child).
  static Result<Process> start(const ProcessSpec& spec);

  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  // Readable when the process has ended; for poll and epoll.
  int pidfd() const { return pidfd_.get(); }
  Result<> signal(int number);
  // Blocks until the end. not_found: an orphan, whose status is not ours to know; it has not been
  // waited for.
  Result<ExitStatus> wait();
  // timed_out: still running after `limit`; nothing was killed.
  Result<ExitStatus> wait_for(Duration limit);
  // From now on the process is nobody's child to mind: destructor does nothing.
  void let_go();

 private:
  Process(pid_t pid, UniqueFd pidfd, bool orphan)
      : pid_(pid), pidfd_(std::move(pidfd)), orphan_(orphan) {}
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  bool orphan_ = false;
};

}  // namespace dokku
