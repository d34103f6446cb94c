#include "container/workload/engine_calls.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace wherry::container {
namespace {

using os::ArgumentTest;
using os::Compare;
using os::SeccompAction;
using os::SeccompRule;

constexpr SeccompAction kRefused = SECCOMP_RET_ERRNO | ENOSYS;

// Whatever their arguments are.
constexpr std::array kEngineCalls = {
    // Memory, threads, the end (validation may use threads).
    SYS_brk, SYS_exit, SYS_exit_group, SYS_futex, SYS_madvise, SYS_mremap, SYS_munmap,
    SYS_restart_syscall, SYS_rseq, SYS_sched_getaffinity, SYS_sched_yield, SYS_set_robust_list,
    // Signals: traps of the guest, the container's end.
    SYS_getpid, SYS_gettid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
    SYS_tgkill,
    // Clocks and chance; most of them are answered without the kernel.
    SYS_clock_getres, SYS_clock_gettime, SYS_clock_nanosleep, SYS_getrandom, SYS_gettimeofday,
    SYS_nanosleep,
    // Descriptors: files, and sockets that were handed in.
    SYS_accept4, SYS_close, SYS_dup, SYS_fadvise64, SYS_fallocate, SYS_fcntl, SYS_fdatasync,
    SYS_fstat, SYS_fstatfs, SYS_fsync, SYS_ftruncate, SYS_getdents64, SYS_getsockopt, SYS_lseek,
    SYS_newfstatat, SYS_poll, SYS_ppoll, SYS_pread64, SYS_preadv, SYS_pwrite64, SYS_pwritev,
    SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_sendmsg, SYS_sendto, SYS_shutdown,
    SYS_write, SYS_writev,
    // Paths, relative to a directory that is open.
    SYS_linkat, SYS_mkdirat, SYS_openat, SYS_openat2, SYS_readlinkat, SYS_renameat, SYS_renameat2,
    SYS_statx, SYS_symlinkat, SYS_unlinkat, SYS_utimensat};

constexpr auto kSorted = [] {
  auto numbers = kEngineCalls;
  std::ranges::sort(numbers);
  return numbers;
}();

SeccompRule allowed_where(std::vector<ArgumentTest> tests) {
  return {.tests = std::move(tests), .action = SECCOMP_RET_ALLOW};
}

ArgumentTest without(unsigned index, std::uint64_t bits) {
  return {.index = index, .compare = Compare::MaskedEqual, .value = 0, .mask = bits};
}

ArgumentTest is(unsigned index, std::uint64_t value) { return {.index = index, .value = value}; }

}  // namespace

os::SeccompPolicy engine_policy(Code code) {
  constexpr std::uint64_t kSetVma = 0x53564d41;  // naming anonymous memory
  os::SeccompPolicy policy;
  policy.otherwise = kRefused;
  policy.calls.reserve(std::size(kEngineCalls) + 8);
  for (int number : kSorted) {
    policy.calls.push_back({.number = number, .rules = {allowed_where({})}});
  }
  // Memory is never both made and run: the interpreter needs no code of its own.
  rules_of(policy, SYS_mmap) = {allowed_where({without(2, PROT_EXEC)})};
  rules_of(policy, SYS_mprotect) = {allowed_where({without(2, PROT_EXEC)})};
  if (code == Code::MayCome) {
    rules_of(policy, SYS_mmap)
        .push_back(allowed_where({is(2, PROT_READ | PROT_EXEC), without(3, MAP_ANONYMOUS)}));
    rules_of(policy, SYS_timer_create) = {allowed_where({})};
    rules_of(policy, SYS_timer_settime) = {allowed_where({})};
    rules_of(policy, SYS_timer_delete) = {allowed_where({})};
  }
  // A thread is no process. clone3 hides its flags: the C library takes this one instead.
  rules_of(policy, SYS_clone) = {allowed_where({{.index = 0,
                                                 .compare = Compare::MaskedEqual,
                                                 .value = CLONE_THREAD,
                                                 .mask = CLONE_THREAD}})};
  rules_of(policy, SYS_ioctl) = {allowed_where({is(1, FIONREAD)}), allowed_where({is(1, FIONBIO)}),
                                 allowed_where({is(1, TCGETS)}),
                                 allowed_where({is(1, TIOCGWINSZ)})};
  rules_of(policy, SYS_prctl) = {allowed_where({is(0, PR_SET_NAME)}),
                                 allowed_where({is(0, PR_SET_PDEATHSIG)}),
                                 allowed_where({is(0, kSetVma)})};
  // Reading a limit of its own.
  rules_of(policy, SYS_prlimit64) = {allowed_where({is(0, 0), is(2, 0)})};
  return policy;
}

}  // namespace wherry::container
