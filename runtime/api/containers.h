// Containers: what the rest of the tree sees of a container runtime.
//
// Implemented by runtime/containerd over gRPC and by tests/fakes in memory. Knows no app.
// Threads: any; calls block (milliseconds to seconds) and carry their own deadlines.
// Errors: not_found, already_exists, invalid_argument, timed_out, unavailable (the runtime is
// away: retry later), internal.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "runtime/api/names.h"

namespace dokku::runtime {

using Labels = std::map<std::string, std::string>;

struct Mount {
  std::filesystem::path source;  // on the host
  std::filesystem::path target;  // in the container
  bool read_only = true;
};

// Zero means no limit. Memory and swap together: memory_swap_bytes, else as much as memory alone.
struct Limits {
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_swap_bytes = 0;     // where the kernel counts swap
  std::uint64_t memory_reserve_bytes = 0;  // is left to it when memory is short
  std::uint32_t cpu_millis = 0;  // 1000 = one core
  std::uint32_t cpu_shares = 0;  // relative weight, 1024 is normal, 2 the lowest
  std::uint32_t pids = 0;
  std::uint64_t open_files = 0;
};

struct User {
  uid_t uid = 32767;
  gid_t gid = 32767;
};

// Everything is hardened by default: no capabilities, no new privileges, seccomp, masked /proc.
struct ContainerSpec {
  ContainerId id;
  ImageRef image;
  Labels labels;
  std::vector<std::string> args;  // the whole command line; args[0] usually our init
  std::vector<std::string> env;   // "K=V"; the whole of it: nothing comes from the image
  std::string cwd = "/";
  User user;
  std::vector<Mount> mounts;
  Limits limits;
  std::string hostname;
  // A network namespace made outside (Networks::attach); none: an empty one of its own.
  std::optional<std::filesystem::path> network_namespace;
  bool read_only_root = false;
  bool terminal = false;
  // "CAP_CHOWN", …; for building stacks as root, never for the code of strangers.
  std::vector<std::string> capabilities;
  // Containers with the same group share one shim process; empty: a shim of its own.
  std::string shim_group;
};

// Where a process's three streams go.
struct Stdio {
  enum class Kind {
    null,    // stdin empty, output dropped
    fifos,   // the three paths; an empty path is /dev/null. With a terminal: no err.
    logger,  // containerd's binary:// logger: `logger_program` with one `key=value`
  };
  Kind kind = Kind::null;
  std::filesystem::path in, out, err;
  std::filesystem::path logger_program;
  std::string logger_key, logger_value;
};

struct Exit {
  int status = 0;  // as a shell shows it: 137 is SIGKILL
  WallTime at;
  bool out_of_memory = false;  // the memory limit killed a process of the container
};

// One container as found: its record joined with its task. An orphan task has no record.
struct Seen {
  enum class State { created, running, stopped, paused, no_task };
  ContainerId id;
  Labels labels;
  State state = State::no_task;
  pid_t pid = 0;
  std::optional<Exit> exit;
  bool has_record = true;
};

// Something happened to a container: look again. `relist`: events may have been lost, list all.
struct Change {
  enum class Kind { exited, started, out_of_memory, exec_exited, relist };
  Kind kind = Kind::relist;
  std::string id;    // container id, empty for relist
  std::string exec;  // exec id for exec_exited
  Exit exit;
};

struct ExecSpec {
  std::string exec_id;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  User user;
  bool terminal = false;
};

// Ends the subscription when destroyed (blocks until no callback runs).
class Watch {
 public:
  virtual ~Watch() = default;
};

class Containers {
 public:
  virtual ~Containers() = default;

  // Writable snapshot and record; nothing runs. already_exists: the id is taken. not_found: no such
  // image. An orphan task of the same id is ended first.
  virtual Result<> create(const ContainerSpec& spec) = 0;
  // Makes the task and starts it. FIFOs must exist, and be open for reading by the caller or about
  // to be (opened non-blocking), else this blocks until its deadline. Returns init's pid. A task
  // that has ended is replaced, on the same files. already_exists: it runs. not_found: no record.
  virtual Result<pid_t> start(const ContainerId& id, const Stdio& stdio) = 0;
  // To all processes of the container, or to its init alone. not_found: nothing runs.
  virtual Result<> signal(const ContainerId& id, int number, bool all) = 0;
  // Blocks until the container's init has ended, at most `limit` (timed_out: still running).
  // not_found: it was never started.
  virtual Result<Exit> wait(const ContainerId& id, Duration limit) = 0;
  // SIGTERM to all, waits `grace`, then SIGKILL. Already stopped: its exit.
  virtual Result<Exit> stop(const ContainerId& id, Duration grace) = 0;
  // Kills what runs, then removes task, record and snapshot, in the only order there is. Removing
  // what is not there is success. Also ends orphan tasks (no record).
  virtual Result<> remove(const ContainerId& id) = 0;

  // Starts a further process. Watch, or exec_wait, tells its end; exec_remove must follow.
  virtual Result<pid_t> exec(const ContainerId& id, const ExecSpec& what, const Stdio& stdio) = 0;
  virtual Result<Exit> exec_wait(const ContainerId& id, const std::string& exec_id,
                                 Duration limit) = 0;
  virtual Result<> exec_remove(const ContainerId& id, const std::string& exec_id) = 0;
  // `exec_id` empty: the container's own process.
  virtual Result<> resize(const ContainerId& id, const std::string& exec_id, unsigned columns,
                          unsigned rows) = 0;
  virtual Result<> close_stdin(const ContainerId& id, const std::string& exec_id) = 0;
  virtual Result<> limit(const ContainerId& id, const Limits& limits) = 0;

  // Records with all of these labels, joined with their tasks; orphan tasks only when `with` is
  // empty.
  virtual Result<std::vector<Seen>> list(const Labels& with) = 0;
  virtual Result<Seen> inspect(const ContainerId& id) = 0;
  // The host path of the container's root while it is mounted (for reading a build's result).
  // Mounts the container's snapshot at `at` (an existing directory); unmounted by `unmount`.
  virtual Result<> mount_root(const ContainerId& id, const std::filesystem::path& at) = 0;
  virtual Result<> unmount_root(const std::filesystem::path& at) = 0;

  // Of the runtime that answers, as it calls it: "1.6.20".
  virtual Result<std::string> version() = 0;

  // Calls `on_change` from one thread of the runtime's, in order. Reconnects by itself, and then
  // sends a relist. The first call is a relist.
  virtual std::unique_ptr<Watch> watch(std::function<void(const Change&)> on_change) = 0;
};

}  // namespace dokku::runtime
