#include "os/clone.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
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

TEST(Clone, GivesADescriptor) {
  Fd file(::memfd_create("given", MFD_CLOEXEC));
  ASSERT_EQ(::write(file.get(), "seven", 5), 5);
  Child child = clone_child(0, [](ParentLink& parent) {
    parent.await_parent();
    Fd given = parent.await_descriptor();
    parent.await_parent();
    char text[8] = {};
    return ::pread(given.get(), text, sizeof text, 0) == 5 ? text[0] : 1;
  });
  child.release();
  child.give(file.get());
  child.release();
  EXPECT_EQ(exit_code_of(child), 's');
}

// A child that ends without having read what it was given.
TEST(Clone, HearsTheLastWordOfAChildThatDidNotListen) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  Child child = clone_child(0, [&](ParentLink&) -> int {
    char go = 0;
    (void)!::read(reading.get(), &go, 1);
    fail(ErrorKind::NotFound, "nothing there");
  });
  child.give(reading.get());
  ASSERT_EQ(::write(writing.get(), "g", 1), 1);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  auto [came, problem] = outcome_of([&] {
    child.await_child();
    return true;
  });
  EXPECT_EQ(problem, "nothing there");
  EXPECT_EQ(exit_code_of(child), 125);
}

TEST(Namespaces, MakeANetworkThatNobodyStandsIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes a network namespace";
  auto own = [] { return std::filesystem::read_symlink("/proc/self/ns/net"); };
  const std::filesystem::path before = own();
  Fd network = make_network_namespace(open_own_network());
  EXPECT_EQ(own(), before);
  Child child = clone_child(0, [&](ParentLink&) {
    if (::setns(network.get(), CLONE_NEWNET) != 0 || own() == before) return 1;
    Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{.ifr_ifrn = {"lo"}, .ifr_ifru = {}};
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return 2;
    return request.ifr_flags & IFF_UP ? 0 : 3;
  });
  EXPECT_EQ(exit_code_of(child), 0);
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
