#include "runtime/network/nft.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/io.h"
#include "base/process.h"

namespace dokku::runtime {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 << 20;  // the rules of a host with many containers

}  // namespace

Result<std::string> run_nft(const std::string& program, const std::string& commands) {
  const UniqueFd input(::memfd_create("nft", MFD_CLOEXEC));
  if (!input.valid()) return fail_syscall("memfd_create", errno);
  TRY(write_all(input.get(), commands));
  if (::lseek(input.get(), 0, SEEK_SET) < 0) return fail_syscall("lseek", errno);
  Pipe answer = TRY(make_pipe());
  ProcessSpec spec{.program = program, .arguments = {"dokku-worker", "nft"}};
  spec.environment = {"LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.stdin_fd = input.get();
  spec.stdout_fd = answer.write.get();
  spec.stderr_fd = 2;
  spec.die_with_parent = true;
  Process process = TRY(Process::start(spec));
  answer.write.reset();
  std::string text = TRY(read_all(answer.read.get(), kAnswerBytesMax));
  const ExitStatus status = TRY(process.wait());
  if (status.ok()) return text;
  if (text.empty()) text = "the worker ended with " + std::to_string(status.shell_status());
  return fail(Errc::internal, "nftables: " + text.substr(0, text.find('\n')));
}

}  // namespace dokku::runtime
