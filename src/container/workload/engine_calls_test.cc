// What is left to a guest that has broken out of the engine: asked of the kernel in a child.
#include "container/workload/engine_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "os/fd.h"

namespace wherry::container {
namespace {

// 0 where the call was not refused by the filter.
int refusal(const std::function<long()>& call, Code code = Code::IsThere) {
  pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    os::install_seccomp(os::compile(engine_policy(code)), 0);
    bool refused = call() == -1 && errno == ENOSYS;
    ::syscall(SYS_exit_group, refused ? 1 : 0);
  }
  int raw = 0;
  ::waitpid(child, &raw, 0);
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : 2;
}

long map(int protection, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int file = -1) {
  return reinterpret_cast<long>(::mmap(nullptr, 4096, protection, flags, file, 0));
}

TEST(EngineCalls, LetTheEngineWork) {
  EXPECT_EQ(refusal([] { return map(PROT_READ | PROT_WRITE); }), 0);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY); }), 0);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_write, 1, "", 0); }), 0);
  EXPECT_EQ(refusal([] { return static_cast<long>(::prctl(PR_SET_PDEATHSIG, 0)); }), 0);
}

TEST(EngineCalls, LeaveNothingElse) {
  EXPECT_EQ(refusal([] { return map(PROT_READ | PROT_EXEC); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_execve, "/bin/true", nullptr, nullptr); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_clone3, nullptr, 0); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_unshare, CLONE_NEWUSER); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_mount, "", "/", "", 0, nullptr); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_ptrace, 0, 0, 0, 0); }), 1);
  EXPECT_EQ(refusal([] { return ::syscall(SYS_kill, ::getppid(), 0); }), 1);
  EXPECT_EQ(refusal([] { return static_cast<long>(::ioctl(0, TIOCSTI, "x")); }), 1);
  EXPECT_EQ(refusal([] { return static_cast<long>(::prctl(PR_SET_DUMPABLE, 1)); }), 1);
}

TEST(EngineCalls, LetCodeComeWhereItMay) {
  os::Fd file(::memfd_create("code", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  auto map_code = [&](int protection, int flags) {
    return [&, protection, flags] { return map(protection, flags, file.get()); };
  };
  EXPECT_EQ(refusal(map_code(PROT_READ | PROT_EXEC, MAP_SHARED), Code::MayCome), 0);
  EXPECT_EQ(refusal(map_code(PROT_READ | PROT_EXEC, MAP_SHARED)), 1);
  EXPECT_EQ(refusal(map_code(PROT_READ | PROT_EXEC, MAP_PRIVATE), Code::MayCome), 0);
  EXPECT_EQ(refusal(map_code(PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS), Code::MayCome), 1);
  EXPECT_EQ(refusal(map_code(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED), Code::MayCome), 1);
  EXPECT_EQ(refusal(map_code(PROT_EXEC, MAP_SHARED), Code::MayCome), 1);
  auto protect = [] {
    auto* page = reinterpret_cast<void*>(map(PROT_READ | PROT_WRITE));
    return static_cast<long>(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
  };
  EXPECT_EQ(refusal(protect, Code::MayCome), 1);
  auto timer = [] {
    timer_t made{};
    return static_cast<long>(::syscall(SYS_timer_create, CLOCK_THREAD_CPUTIME_ID, nullptr, &made));
  };
  EXPECT_EQ(refusal(timer, Code::MayCome), 0);
  EXPECT_EQ(refusal(timer), 1);
  EXPECT_EQ(
      refusal([] { return ::syscall(SYS_execve, "/bin/true", nullptr, nullptr); }, Code::MayCome),
      1);
}

}  // namespace
}  // namespace wherry::container
