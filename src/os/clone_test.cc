#include "os/clone.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "os/capabilities.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/namespaces.h"
#include "os/process.h"
#include "os/rlimits.h"

namespace wherry::os {
namespace {

int exit_code_of(const Child& child) {
  int raw = 0;
  EXPECT_EQ(::waitpid(child.pid(), &raw, 0), child.pid());
  return exit_status_of(raw).exit_code();
}

TEST(Clone, WaitsOnBothSides) {
  Child child = clone_child(0, [](ParentLink& parent) {
    parent.await_parent();
    parent.report_ready();
    parent.await_parent();
    return 9;
  });
  child.release();
  child.await_child();
  EXPECT_EQ(::waitpid(child.pid(), nullptr, WNOHANG), 0);
  child.release();
  EXPECT_EQ(exit_code_of(child), 9);
}

// What the process between has done to itself is the child's, and not ours.
TEST(Clone, IsBornOfAProcessBetween) {
  ASSERT_EQ(::unsetenv("WHERRY_CLONE_TEST"), 0);
  Child child = clone_child_after([] { ::setenv("WHERRY_CLONE_TEST", "7", 1); }, 0,
                                  [parent_id = ::getpid()](ParentLink& parent) {
                                    parent.await_parent();
                                    parent.report_ready();
                                    const char* set = ::getenv("WHERRY_CLONE_TEST");
                                    return set && ::getppid() == parent_id ? 7 : 1;
                                  });
  child.release();
  child.await_child();
  EXPECT_EQ(exit_code_of(child), 7);
  EXPECT_EQ(::getenv("WHERRY_CLONE_TEST"), nullptr);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no other child is left";

  EXPECT_THROW(clone_child_after([] { fail(ErrorKind::NotFound, "nothing to join"); }, 0,
                                 [](ParentLink&) { return 0; }),
               Error);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

// Nobody moves it: that would have the kernel wait for every process there is.
TEST(Clone, IsBornInACgroup) {
  std::string path = "/wherry-clone-test-" + unique_name();
  std::vector<CgroupHierarchy> all = find_cgroups();
  CgroupEntrance entrance;
  for (const CgroupHierarchy& one : all) {
    if (!one.is_v2() && !one.controllers.starts_with("name="))
      continue;  // others need to be set up
    auto made = CgroupFolder::make(one.mount, one.own + path).folder;
    if (!made) GTEST_SKIP() << "no right to make a group in '" << one.mount << "'";
    const char* name = one.is_v2() ? "." : "tasks";
    Fd file(::openat(made->get(), name, O_CLOEXEC | (one.is_v2() ? O_RDONLY : O_WRONLY)));
    if (one.is_v2()) {
      entrance.v2 = std::move(file);
    } else {
      entrance.tasks.push_back(std::move(file));
    }
  }
  if (!entrance.v2.is_open()) GTEST_SKIP() << "no cgroup v2 is mounted";
  Child child = clone_child(
      0,
      [&](ParentLink&) {
        entrance.enter_v1();
        std::string groups = read_file(AT_FDCWD, "/proc/self/cgroup", 1u << 20);
        std::size_t entered = 0;
        for (std::size_t at = 0; (at = groups.find(path + "\n", at)) != groups.npos; ++at)
          ++entered;
        return static_cast<int>(entered);
      },
      entrance.v2.get());
  EXPECT_EQ(exit_code_of(child), static_cast<int>(entrance.tasks.size() + 1));
  for (const CgroupHierarchy& one : all) EXPECT_TRUE(remove_cgroup(one.mount, one.own + path));
}

TEST(Clone, CarriesTheChildsErrorAcross) {
  Child child =
      clone_child(0, [](ParentLink&) -> int { fail(ErrorKind::NotFound, "no '{}'", "x"); });
  try {
    child.await_child();
    FAIL() << "no error came";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_STREQ(error.what(), "no 'x'");
  }
  EXPECT_EQ(exit_code_of(child), 125);
}

TEST(Clone, SaysWhenTheChildJustDied) {
  Child child = clone_child(0, [](ParentLink&) -> int { ::_exit(0); });
  EXPECT_THROW(child.await_child(), Error);
  exit_code_of(child);
}

TEST(Clone, EndsAWaitingChildWithItsParent) {
  std::optional<Child> child;
  child.emplace(clone_child(0, [](ParentLink& parent) {
    parent.await_parent();
    return 0;
  }));
  pid_t pid = child->pid();
  child.reset();  // as the kernel would on the parent's death
  int raw = 0;
  ASSERT_EQ(::waitpid(pid, &raw, 0), pid);
  EXPECT_EQ(WEXITSTATUS(raw), 125);
}

TEST(Names, AreThoseOfTheRuntimeSpec) {
  EXPECT_EQ(capability_number("CAP_CHOWN"), CAP_CHOWN);
  EXPECT_EQ(capability_number("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
  EXPECT_EQ(capability_number("CAP_AUDIT_READ"), CAP_AUDIT_READ);
  EXPECT_EQ(capability_number("CAP_CHECKPOINT_RESTORE"), 40);
  EXPECT_EQ(capability_number("CHOWN"), std::nullopt);
  EXPECT_EQ(rlimit_number("RLIMIT_NOFILE"), RLIMIT_NOFILE);
  EXPECT_EQ(rlimit_number("NOFILE"), std::nullopt);
  EXPECT_EQ(namespace_flag("network"), CLONE_NEWNET);
  EXPECT_EQ(namespace_flag("net"), std::nullopt);
}

}  // namespace
}  // namespace wherry::os
