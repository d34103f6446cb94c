#include "confine.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "os/rlimits.h"
#include "os/seccomp.h"

namespace wherry::compile {

namespace {

[[noreturn]] void end(std::string_view line) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(1);
}

void on_time_over(int) { end("wherry-compile: error: it took longer than its limit\n"); }
void on_file_too_large(int) {
  end("wherry-compile: error: the artifact is larger than its limit\n");
}
void on_memory_over() { end("wherry-compile: error: it needs more memory than its limit\n"); }

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sys([&] { return ::sigaction(signal, &action, nullptr); }, "handle signal {}", signal);
}

void close_others(std::span<const int> keep) {
  std::vector<int> kept(keep.begin(), keep.end());
  std::ranges::sort(kept);
  unsigned from = STDERR_FILENO + 1;
  auto close_range = [](unsigned first, unsigned last) {
    sys([&] { return static_cast<int>(::syscall(SYS_close_range, first, last, 0)); },
        "close what is open");
  };
  for (int descriptor : kept) {
    const auto at = static_cast<unsigned>(descriptor);
    if (descriptor <= STDERR_FILENO) continue;
    if (at > from) close_range(from, at - 1);
    from = at + 1;
  }
  close_range(from, ~0u);
}

os::SeccompPolicy policy() {
  // Refused, not ended for: C libraries try this and that, and go on without.
  os::SeccompPolicy made{.calls = {}, .otherwise = SECCOMP_RET_ERRNO | EPERM};
  auto rule = [&](std::string_view name, os::SeccompRule added) {
    const auto number = os::system_call_number(name);
    WHERRY_CHECK(number.has_value());
    os::rules_of(made, *number).push_back(std::move(added));
  };
  // What is open, memory, threads, time.
  for (std::string_view name :
       {"read",          "pread64",         "readv",           "write",
        "pwrite64",      "writev",          "lseek",           "fstat",
        "newfstatat",    "ftruncate",       "fsync",           "close",
        "poll",          "ppoll",           "sendmsg",         "recvmsg",
        "memfd_create",  "munmap",          "mremap",          "madvise",
        "brk",           "futex",           "set_robust_list", "rseq",
        "gettid",        "getpid",          "sched_yield",     "sched_getaffinity",
        "exit",          "exit_group",      "rt_sigaction",    "rt_sigprocmask",
        "rt_sigreturn",  "sigaltstack",     "restart_syscall", "getrandom",
        "clock_gettime", "clock_nanosleep", "nanosleep",       "getrusage",
        "sysinfo",       "tgkill"}) {
    rule(name, {.tests = {}, .action = SECCOMP_RET_ALLOW});
  }
  // Code is written here, never run.
  for (std::string_view name : {"mmap", "mprotect"}) {
    rule(name,
         {.tests =
              {{.index = 2, .compare = os::Compare::MaskedEqual, .value = 0, .mask = PROT_EXEC}},
          .action = SECCOMP_RET_ALLOW});
  }
  rule("fcntl", {.tests = {{.index = 1, .value = F_ADD_SEALS}}, .action = SECCOMP_RET_ALLOW});
  // Threads, no processes. The C library falls back from clone3, whose flags cannot be seen.
  rule("clone", {.tests = {{.index = 0,
                            .compare = os::Compare::MaskedEqual,
                            .value = CLONE_THREAD,
                            .mask = CLONE_THREAD}},
                 .action = SECCOMP_RET_ALLOW});
  rule("clone3", {.tests = {}, .action = SECCOMP_RET_ERRNO | ENOSYS});
  return made;
}

}  // namespace

void confine(std::span<const int> keep, const Limits& limits, unsigned threads) {
  close_others(keep);
  sys([] { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }, "set no_new_privs");
  // Where the machine allows it; the filter below leaves no call to reach a network by in any case.
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) != 0) {
    [[maybe_unused]] const int refused = ::unshare(CLONE_NEWNET | CLONE_NEWIPC);
  }
  // Who asked for it is there to take it. Not earlier: a change of namespace forgets it.
  sys([] { return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }, "end with whoever asked");
  if (limits.nice != 0) {
    errno = 0;
    if (::nice(limits.nice) == -1 && errno != 0) fail_errno(errno, "lower the priority");
  }
  // Each arena reserves 64 MiB of address space, which counts.
  ::mallopt(M_ARENA_MAX, static_cast<int>(threads));
  std::set_new_handler(on_memory_over);
  handle(SIGXCPU, on_time_over);
  handle(SIGALRM, on_time_over);
  handle(SIGXFSZ, on_file_too_large);
  ::signal(SIGPIPE, SIG_IGN);
  ::alarm(limits.seconds);
  sys([] { return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }, "forbid tracing");
  os::set_rlimit(RLIMIT_CORE, 0, 0);
  const std::uint64_t processor = std::uint64_t{limits.seconds} * threads;
  os::set_rlimit(RLIMIT_CPU, processor, processor + 5);
  os::set_rlimit(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes);
  os::set_rlimit(RLIMIT_NOFILE, 64, 64);
  os::set_rlimit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes);
  os::install_seccomp(os::compile(policy()), 0);
}

}  // namespace wherry::compile
