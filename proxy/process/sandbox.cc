#include "proxy/process/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/process/privileges.h"

namespace dokku::proxy::process {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
#error "the sandbox knows no calls of this machine"
#endif

constexpr std::uint32_t kAllowed[] = {
    // What each request needs comes first: some kernels ask from top to bottom.
#if defined(__x86_64__)
    SYS_epoll_wait,
#endif
    // Sockets that exist.
    SYS_accept4, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_read, SYS_readv, SYS_write,
    SYS_writev, SYS_splice, SYS_shutdown, SYS_connect, SYS_getsockopt, SYS_setsockopt,
    SYS_getsockname, SYS_getpeername, SYS_close, SYS_fcntl, SYS_dup,
    // The loop.
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_eventfd2, SYS_pipe2,
    SYS_clock_gettime, SYS_clock_nanosleep, SYS_gettimeofday,
    // Memory, and memory files that came or go through the channel.
    SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_memfd_create,
    SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_ftruncate, SYS_fstat,
    // What the C library and OpenSSL need besides.
    SYS_getrandom, SYS_futex, SYS_sched_yield, SYS_getpid, SYS_gettid, SYS_getuid, SYS_geteuid,
    SYS_getgid, SYS_getegid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_sigaltstack, SYS_restart_syscall, SYS_tgkill, SYS_exit, SYS_exit_group,
#if defined(__x86_64__)
    SYS_poll, SYS_time,
#endif
};

// Nobody asks for these by mistake.
constexpr std::uint32_t kDeadly[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
                                     SYS_process_vm_writev};

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless_equal(kArch, SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
    for (const std::uint32_t call : kAllowed) if_equal(call, SECCOMP_RET_ALLOW);
    for (const std::uint32_t call : kDeadly) if_equal(call, SECCOMP_RET_KILL_PROCESS);
    // fstat of newer C libraries: of a descriptor, not of a name.
    only_with(SYS_newfstatat, 3, {kEmptyPath});
    only_with(SYS_socket, 0, {AF_INET, AF_INET6});
    answer(kRefuse);
  }

  Result<> install() {
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    // Without the flag, some kernels slow down every speculative load of the process.
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) <
        0) {
      return fail_syscall("seccomp", errno);
    }
    return {};
  }

 private:
  static constexpr std::uint32_t kEmptyPath = 0x1000;

  void load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void answer(std::uint32_t what) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, what)); }
  void if_equal(std::uint32_t value, std::uint32_t what) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    answer(what);
  }
  void unless_equal(std::uint32_t value, std::uint32_t what) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    answer(what);
  }
  // The low half of an argument is all that the kernel looks at for these.
  void only_with(std::uint32_t call, std::size_t argument,
                 std::initializer_list<std::uint32_t> values) {
    const auto length = static_cast<std::uint8_t>(2 + 2 * values.size());
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, length));
    load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
    for (const std::uint32_t value : values) if_equal(value, SECCOMP_RET_ALLOW);
    answer(kRefuse);
  }

  std::vector<sock_filter> code_;
};

}  // namespace

Result<> enter_sandbox() {
  TRY(drop_all_capabilities());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_syscall("no_new_privs", errno);
  return Filter().install();
}

}  // namespace dokku::proxy::process
