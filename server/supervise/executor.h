// Executor: where an app's processes run. The one seam between what the store wants and machines.
//
// Called by server/deploy (the pipeline, ps:*), by `run` and `enter`, and read by the routes. Over
// containerd here (local_executor.h: it supervises, restarts and adopts), in memory for tests of
// the pipeline (tests/fakes/fake_executor.h). A cluster places and restarts by itself, so the seam
// lies above supervision: a release is wanted or forgotten as a whole, and instances come back as a
// stream of address, release and readiness.
//
// Threads: any. Calls return at once unless said otherwise. Nothing here is stored: after a restart
// of the daemon `adopt` says again what is wanted.
// Errors: not_found, invalid_argument, unavailable (containerd is away), timed_out, internal.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "runtime/api/containers.h"
#include "runtime/api/names.h"

namespace dokku::server {

using Environment = std::map<std::string, std::string>;

// What web finds in $PORT unless its release says another; each container has an address of its
// own.
inline constexpr std::uint16_t kAppPort = 5000;

// How an instance of a process type shows that it is ready.
enum class Readiness {
  listens,  // something accepts connections on its PORT, not only on 127.0.0.1
  runs,     // it is still running a moment after its start
  started,  // at once: nobody wants to wait for it (checks:skip, checks:disable)
};

// What becomes of an instance that ended by itself.
struct RestartPolicy {
  enum class Kind { never, on_failure, always };
  Kind kind = Kind::always;
  unsigned most = 0;  // on_failure: gives up after so many failures in a row; 0: does not
};

// One line of a Procfile, and how many of it are wanted.
struct ProcessWanted {
  std::string type;     // "web"
  std::string command;  // as in the Procfile; run by the container's own shell
  unsigned count = 0;
  Readiness readiness = Readiness::runs;
  runtime::Limits limits;
  RestartPolicy restart;
};

// A release as it shall run. Env: the app's config; PORT, DYNO, HOME and the like are added.
struct ReleaseWanted {
  std::string app;
  std::uint64_t release = 0;
  runtime::ImageRef image;
  Environment env;
  std::uint16_t port = kAppPort;  // PORT; where web has to listen
  std::vector<ProcessWanted> processes;
  // The app's storage; a relative source is a folder of the instance's storage directory.
  std::vector<runtime::Mount> mounts;
  Duration ready_limit = std::chrono::seconds(60);
  Duration stop_grace = std::chrono::seconds(30);
  // False (ps:set restore): when the first list finds none of its instances running, as after a
  // reboot, none is started.
  bool restored = true;
};

// Why an instance is not running, in words for people: what was seen, and what to do about it.
struct InstanceFailure {
  enum class Kind {
    exited,
    out_of_memory,
    not_listening,
    loopback_only,
    other_port,
    start_failed,
    check_failed
  };
  Kind kind = Kind::exited;
  int status = 0;           // exited: as a shell shows it
  std::string explanation;  // one line, a sentence without full stop
  std::string advice;       // one line, or empty
  unsigned checks = 1;      // how many checks failed
};

//   starting ──> ready ──> (exits) waiting ──> starting …
//       └──> waiting (back-off)      any ──> stopping ──> gone
struct InstanceSeen {
  enum class State { starting, ready, waiting, stopping, gone };
  std::string app;
  std::string type;
  unsigned index = 0;
  std::uint64_t release = 0;
  State state = State::starting;
  std::string container;  // container id, "blog.web.1.r12"
  std::string address;    // IPv4 of its own; its PORT is `port`
  std::uint16_t port = 0;
  pid_t pid = 0;
  unsigned restarts = 0;                   // since it was wanted
  std::optional<InstanceFailure> failure;  // of the last run
  bool gave_up = false;                    // waiting, and not restarted by itself any more
  bool stranger = false;                   // of an earlier daemon, serves until end_strangers
  WallTime since{};                        // of this state

  std::string name() const { return type + "." + std::to_string(index); }  // "web.1"
};

// A one-off process in a new container of a release's image: `dokku run`, release-phase commands.
struct RunSpec {
  std::string app;
  std::string name;  // "run.4711": container "<app>.run.4711", DYNO
  std::uint64_t release = 0;
  runtime::ImageRef image;
  Environment env;
  std::uint16_t port = kAppPort;
  std::vector<std::string> command;  // one word: a shell command line; several: as they are
  bool input = true;                 // false: its standard input is empty
  bool terminal = false;
  unsigned columns = 80;
  unsigned rows = 24;
  runtime::Limits limits;
  std::vector<runtime::Mount> mounts;
  // Killed and removed after this long, also when the daemon was restarted meanwhile.
  Duration life = std::chrono::hours(24);
};

// A further process in a running instance's container: `enter`.
struct EnterSpec {
  std::string app;
  std::string type;
  unsigned index = 1;
  std::uint64_t release = 0;         // 0: the newest that runs
  std::vector<std::string> command;  // empty: a login-like shell
  bool terminal = false;
  unsigned columns = 80;
  unsigned rows = 24;
};

// Our ends of a process's streams. With a terminal `err` is invalid.
struct Streams {
  UniqueFd in, out, err;
};

// A running one-off process. Its destructor kills the process and has every trace of it removed, so
// destroy it after the streams were read to their end, or when nobody reads them any more. The
// executor must outlive it.
class OneOff {
 public:
  virtual ~OneOff() = default;
  virtual const std::string& container() const = 0;
  virtual const std::string& exec() const = 0;  // empty for `run`
  // Once; the caller copies. `in` closed does not end the process's input: call close_stdin too.
  virtual Streams take_streams() = 0;
  // Blocks until the end; timed_out: still running.
  virtual Result<runtime::Exit> wait(Duration limit) = 0;
  // Called once, from a thread of the executor's (at once when it has ended already).
  virtual void on_exit(std::function<void(const runtime::Exit&)> then) = 0;
  virtual Result<> signal(int number) = 0;
  virtual Result<> resize(unsigned columns, unsigned rows) = 0;
  virtual Result<> close_stdin() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Once, at the daemon's start: all that is wanted now. What runs and is wanted is adopted as it
  // is (same processes), what is missing is started, all else of ours is removed. Blocks until
  // what runs is known, not until what is missing is started. Of an app of which something is
  // wanted, what else runs serves on until end_strangers: the routes may still lead there.
  virtual Result<> adopt(const std::vector<ReleaseWanted>& wanted) = 0;
  // The app's routes lead to what is wanted now. Idempotent, cheap when there are none.
  virtual void end_strangers(const std::string& app) = 0;

  // Runs beside what else runs of the app. The same release again: counts and env as given now,
  // what need not change is not touched (this is also how an app is scaled).
  virtual Result<> want(const ReleaseWanted& release) = 0;
  // Stops the instances of a release: SIGTERM, grace, SIGKILL, then nothing of them is left. In
  // the background, supervised; `then` (may be empty) is called when the last is gone.
  virtual void forget(const std::string& app, std::uint64_t release,
                      std::function<void()> then) = 0;
  // Kills all of an app at once, one-offs too, and returns when nothing is left.
  virtual Result<> erase(const std::string& app, Duration limit) = 0;
  // A new attempt at once for instances that wait for their back-off to end.
  virtual void retry_now(const std::string& app) = 0;

  virtual std::vector<InstanceSeen> instances(const std::string& app) = 0;  // empty name: all
  // Calls `on_change` after each change of an instance, in order, from one thread; it must not
  // block. Ends with the returned object.
  virtual std::unique_ptr<runtime::Watch> watch(
      std::function<void(const InstanceSeen&)> on_change) = 0;

  // Block until the process runs. The release's container limits and network apply.
  virtual Result<std::unique_ptr<OneOff>> run(const RunSpec& spec) = 0;
  virtual Result<std::unique_ptr<OneOff>> enter(const EnterSpec& spec) = 0;
  // A one-off that an earlier daemon started and whose client still copies its streams: no streams,
  // but its end. `exec` empty: the container's own process. not_found: there is none such.
  virtual Result<std::unique_ptr<OneOff>> take_over(const std::string& container,
                                                    const std::string& exec) = 0;
  // The same without anybody at its streams: its output goes to the logger, as an instance's does.
  // It outlives this daemon, is adopted by the next, and removed when it ends or its life is over.
  // Returns its container. The spec's terminal and input are not looked at.
  virtual Result<std::string> run_detached(const RunSpec& spec) = 0;
  // SIGTERM, grace, SIGKILL; then nothing is left of it. Blocks. not_found: there is none such.
  virtual Result<> stop_one_off(const std::string& container, Duration grace) = 0;
  // Running one-off containers: "run.4711" and since when.
  struct OneOffSeen {
    std::string container, name, command;
    WallTime since{};
    bool detached = false;
  };
  virtual Result<std::vector<OneOffSeen>> one_offs(const std::string& app) = 0;
};

}  // namespace dokku::server
