#include "buildstep/source/worker_call.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "base/io.h"
#include "base/process.h"

namespace dokku::buildstep {
namespace {

Result<UniqueFd> in_memory(const std::string& bytes) {
  UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return fail_syscall("memfd_create", errno);
  TRY(write_all(file.get(), bytes));
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_syscall("lseek", errno);
  return file;
}

// Reads the answer to its end, minding time and cancel.
Result<std::string> read_answer(int fd, const WorkerCall& call, const CancelToken* cancel) {
  const TimePoint deadline = std::chrono::steady_clock::now() + call.limit;
  std::string text;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Errc::timed_out, call.task + ": took too long");
    std::array<pollfd, 2> wait{pollfd{fd, POLLIN, 0},
                               pollfd{cancel != nullptr ? cancel->fd() : -1, POLLIN, 0}};
    if (::poll(wait.data(), wait.size(), static_cast<int>(left.count())) < 0) {
      if (errno == EINTR) continue;
      return fail_syscall("poll", errno);
    }
    if (wait[1].revents != 0) return fail(Errc::cancelled, call.task + ": cancelled");
    if (wait[0].revents == 0) continue;
    std::array<char, 16384> piece{};
    const std::size_t got = TRY(read_some(fd, piece.data(), piece.size()));
    if (got == 0) return text;
    text.append(piece.data(), got);
    if (text.size() > call.answer_bytes_max) {
      return fail(Errc::limit_exceeded, call.task + ": the answer is too long");
    }
  }
}

Result<std::string> interpret(const std::string& text, const WorkerCall& call) {
  if (text.starts_with("ok\n")) return text.substr(3);
  const std::size_t line = text.find('\n');
  if (text.starts_with("fail ") && line != std::string::npos) {
    const int code = std::atoi(text.c_str() + 5);
    if (code >= 0 && code <= static_cast<int>(Errc::internal)) {
      return fail(static_cast<Errc>(code), text.substr(line + 1));
    }
  }
  return fail(Errc::internal, call.task + ": the worker died without an answer");
}

}  // namespace

Result<std::string> call_worker(const WorkerCall& call, const CancelToken* cancel) {
  Pipe pipe = TRY(make_pipe());
  UniqueFd input;
  if (call.input) input = TRY(in_memory(*call.input));
  ProcessSpec spec{.program = call.program,
                   .arguments = {"dokku-worker", call.task},
                   .environment = {"LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}};
  spec.arguments.insert(spec.arguments.end(), call.arguments.begin(), call.arguments.end());
  spec.stdin_fd = call.input ? input.get() : call.input_fd;
  spec.stderr_fd = 2;
  spec.more_fds = call.more_fds;
  spec.more_fds.push_back(pipe.write.get());
  spec.die_with_parent = true;
  spec.uid = call.uid;
  spec.gid = call.uid;
  Process process = TRY(Process::start(spec));
  pipe.write.reset();
  Result<std::string> text = read_answer(pipe.read.get(), call, cancel);
  if (!text) return Fail(std::move(text).error());  // its destructor kills the worker
  Result<std::string> result = interpret(*text, call);
  const ExitStatus status = TRY(process.wait());
  if (result && !status.ok()) {
    return fail(Errc::internal,
                call.task + ": the worker ended with " + std::to_string(status.shell_status()));
  }
  return result;
}

Result<Unpacked> unpack_in_worker(const std::string& program, int tar_fd, int target_dir,
                                  const UnpackLimits& limits, const CancelToken* cancel) {
  WorkerCall call{.program = program, .task = "unpack"};
  call.arguments = {std::to_string(limits.files_max), std::to_string(limits.bytes_max)};
  call.input_fd = tar_fd;
  call.more_fds = {target_dir};
  const std::string text = TRY(call_worker(call, cancel));
  Unpacked done;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, done.files);
  if (first.ec != std::errc() || first.ptr == end ||
      std::from_chars(first.ptr + 1, end, done.bytes).ec != std::errc()) {
    return fail(Errc::internal, "unpack: a foreign answer");
  }
  return done;
}

int answer(int fd, const Result<std::string>& result) {
  const std::string text = result
                               ? "ok\n" + *result
                               : "fail " + std::to_string(static_cast<int>(result.error().code())) +
                                     "\n" + result.error().message();
  return write_all(fd, text) ? 0 : 1;
}

}  // namespace dokku::buildstep
