// Filters are judged by the kernel: a child installs one, and makes a call that ignores its arguments.
#include "os/seccomp.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace wherry::os {
namespace {

constexpr SeccompAction refuse(int error) {
  return SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
}

// What body returns in a process that stands under the policy; below 0 where a signal ended it.
int under(const SeccompPolicy& policy, const std::function<int()>& body) {
  pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    install_seccomp(compile(policy), 0);
    ::syscall(SYS_exit_group, body());
  }
  int raw = 0;
  ::waitpid(child, &raw, 0);
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : -WTERMSIG(raw);
}

// The errno value of getppid under a policy, 0 where it was let through.
int call(const SeccompPolicy& policy, std::uint64_t first, std::uint64_t second = 0) {
  return under(policy, [=] { return ::syscall(SYS_getppid, first, second) < 0 ? errno : 0; });
}

SeccompPolicy where(std::vector<ArgumentTest> tests, SeccompAction action = refuse(77)) {
  return {
      .calls = {{.number = SYS_getppid, .rules = {{.tests = std::move(tests), .action = action}}}},
      .otherwise = SECCOMP_RET_ALLOW};
}

struct Comparison {
  Compare compare;
  std::function<bool(std::uint64_t, std::uint64_t)> holds;
};

TEST(Seccomp, ComparesAllBitsOfAnArgument) {
  constexpr std::uint64_t kMask = 0xffff'0000'ffff'0000;
  const Comparison comparisons[] = {
      {Compare::NotEqual, std::not_equal_to<>()},
      {Compare::Less, std::less<>()},
      {Compare::LessOrEqual, std::less_equal<>()},
      {Compare::Equal, std::equal_to<>()},
      {Compare::GreaterOrEqual, std::greater_equal<>()},
      {Compare::Greater, std::greater<>()},
      {Compare::MaskedEqual, [](std::uint64_t a, std::uint64_t b) { return (a & kMask) == b; }}};
  const std::uint64_t values[] = {0, 0xffff'0000, 0x1'0000'0000, 0xfff0'0000'0001'0000};
  const std::uint64_t arguments[] = {
      0, 1, 0xffff'0000, 0xffff'ffff, 0x1'0000'0000, 0x1'ffff'0000, 0xfff0'0000'0001'0000, ~0ull};
  for (const Comparison& comparison : comparisons) {
    for (std::uint64_t value : values) {
      ArgumentTest test{.index = 0, .compare = comparison.compare, .value = value};
      if (comparison.compare == Compare::MaskedEqual) test.mask = kMask;
      for (std::uint64_t argument : arguments) {
        EXPECT_EQ(call(where({test}), argument), comparison.holds(argument, value) ? 77 : 0)
            << "comparison " << static_cast<int>(comparison.compare) << " of " << argument
            << " with " << value;
      }
    }
  }
}

TEST(Seccomp, TakesTheFirstRuleThatHolds) {
  SeccompPolicy policy = where({{.index = 0, .value = 1}, {.index = 1, .value = 2}});
  policy.calls[0].rules.push_back({.tests = {{.index = 0, .value = 1}}, .action = refuse(78)});
  EXPECT_EQ(call(policy, 1, 2), 77);
  EXPECT_EQ(call(policy, 1, 3), 78);
  EXPECT_EQ(call(policy, 2, 2), 0);
}

TEST(Seccomp, FindsEveryCallAmongMany) {
  SeccompPolicy policy{.calls = {}, .otherwise = SECCOMP_RET_ALLOW};
  for (int number = 0; number < 460; number += 2) rules_of(policy, number);
  for (SeccompCall& entry : policy.calls) {
    bool needed = entry.number == SYS_write || entry.number == SYS_exit_group;
    entry.rules = {
        {.tests = {}, .action = needed ? SECCOMP_RET_ALLOW : refuse(50 + entry.number % 40)}};
  }
  EXPECT_EQ(call(policy, 0), 50 + SYS_getppid % 40);
  EXPECT_EQ(under(policy, [] { return ::syscall(SYS_getuid) < 0 ? errno : 0; }),
            50 + SYS_getuid % 40);
  EXPECT_EQ(under(policy, [] { return ::syscall(SYS_getpgid, 0) < 0 ? errno : 0; }), 0);
}

TEST(Seccomp, TwoFiltersComeToTheStricter) {
  SeccompPolicy first = where({{.index = 0, .compare = Compare::Greater, .value = 5}});
  SeccompPolicy second = where({{.index = 1, .compare = Compare::Greater, .value = 5}}, refuse(78));
  SeccompPolicy together = both(first, second);
  EXPECT_EQ(call(together, 0, 0), 0);
  EXPECT_EQ(call(together, 6, 0), 77);
  EXPECT_EQ(call(together, 0, 6), 78);
  EXPECT_EQ(call(together, 6, 6), 78);
  SeccompPolicy closed{.calls = {}, .otherwise = refuse(79)};
  rules_of(closed, SYS_exit_group) = {{.tests = {}, .action = SECCOMP_RET_ALLOW}};
  EXPECT_EQ(call(both(closed, first), 0), 79);
  SeccompPolicy fatal = where({}, SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(call(both(first, fatal), 6), -SIGSYS);
}

TEST(Seccomp, KnowsCallsByName) {
  EXPECT_EQ(system_call_number("openat2"), SYS_openat2);
  EXPECT_EQ(system_call_number("getppid"), SYS_getppid);
  EXPECT_FALSE(system_call_number("socketcall"));
  EXPECT_FALSE(system_call_number(""));
}

}  // namespace
}  // namespace wherry::os
