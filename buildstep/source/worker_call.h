// Calls a worker: `dokku-worker TASK …`, under the build user.
//
// Called on job threads. The worker gets an empty environment, `input_fd` as standard input,
// `more_fds` from 3 on, and after them one pipe for its answer: "ok\n" and bytes, or
// "fail CODE\n" and a message. A crash, a hang or a foreign answer is an error and nothing more.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "buildstep/source/unpack.h"

namespace dokku::buildstep {

// The one uid and gid of everything that is built or run.
inline constexpr uid_t kBuildUid = 32767;

struct WorkerCall {
  std::string program = "/proc/self/exe";
  std::string task;
  std::vector<std::string> arguments;
  int input_fd = -1;
  std::optional<std::string> input;  // instead of input_fd: these bytes
  std::vector<int> more_fds;  // at most 8
  std::optional<uid_t> uid = kBuildUid;
  Duration limit = std::chrono::minutes(10);
  std::size_t answer_bytes_max = 1 << 20;
};

// What the worker answered after "ok". Its own errors come back with their code and message.
// cancelled, timed_out: it was killed.
Result<std::string> call_worker(const WorkerCall& call, const CancelToken* cancel);

// unpack_tar in a worker. `target_dir` belongs to the build user.
Result<Unpacked> unpack_in_worker(const std::string& program, int tar_fd, int target_dir,
                                  const UnpackLimits& limits, const CancelToken* cancel);

// The worker's side: writes the answer to `fd`; the exit status to return.
int answer(int fd, const Result<std::string>& result);

}  // namespace dokku::buildstep
