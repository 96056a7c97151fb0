// containerd's tasks: the processes of containers.
//
// A thin cover of the service; the order of calls is containers.cc's. Internal to this folder.
// Threads: any. Errors: `internal` is all that the shim and runc say: ask `get` for the state.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/api/containers.h"
#include "runtime/containerd/snapshots.h"

namespace dokku::runtime {

class Channel;

struct TaskState {
  std::string id;  // of the container
  Seen::State state = Seen::State::no_task;
  pid_t pid = 0;
  int exit_status = 0;  // when stopped
  WallTime exited_at;
};

// Paths or URIs, as the shim reads them; empty is /dev/null.
struct TaskStreams {
  std::string in, out, err;
  bool terminal = false;
};

// Which process: a container's init, or an exec of it.
struct ProcessKey {
  std::string id;
  std::string exec_id;  // empty: init
};

class Tasks {
 public:
  explicit Tasks(const Channel& channel);
  ~Tasks();

  // Blocks until the streams' FIFOs are opened for reading.
  Result<> create(const std::string& id, const std::vector<SnapshotMount>& root,
                  const TaskStreams& streams);
  Result<> add_exec(const ProcessKey& key, const std::string& process_json,
                    const TaskStreams& streams);
  Result<pid_t> start(const ProcessKey& key);
  Result<> kill(const ProcessKey& key, int number, bool all);
  // Only of what has stopped. Removing what is not there is success.
  Result<> remove(const ProcessKey& key);
  Result<TaskState> get(const ProcessKey& key);
  // With orphans, which have no record and which `get` cannot see.
  Result<std::vector<TaskState>> list();
  Result<> resize(const ProcessKey& key, unsigned columns, unsigned rows);
  Result<> close_stdin(const ProcessKey& key);
  Result<> update(const std::string& id, const std::string& resources_json);

 private:
  struct Impl;
  const Channel& channel_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dokku::runtime
