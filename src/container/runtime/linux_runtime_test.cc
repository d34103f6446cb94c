#include "container/runtime/linux_runtime.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace wherry::container {
namespace {

namespace fs = std::filesystem;

class LinuxRuntimes : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"a", "b"}) fs::create_directories(top_ + "/" + folder);
  }
  void TearDown() override { fs::remove_all(top_); }
  std::string program(const std::string& name, mode_t mode = 0755) {
    std::string path = top_ + "/" + name;
    std::ofstream(path) << "x";
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string problem_of(const LinuxRuntimeSearch& search) {
    return outcome_of([&] { return choose_linux_runtime("/root", search).program; }).second;
  }

  std::string top_ = testing::TempDir() + "wherry-linux." + std::to_string(::getpid());
  LinuxRuntimeSearch search_{.given = "", .path = top_ + "/a:" + top_ + "/b"};
};

TEST_F(LinuxRuntimes, AreSearchedForCrunFirst) {
  std::string runc = program("a/runc");
  std::string crun = program("b/crun");
  EXPECT_EQ(choose_linux_runtime("/r", search_),
            (LinuxRuntime{.name = "crun", .program = crun, .root = "/r/.linux@crun"}));
  search_.given = runc;
  EXPECT_EQ(choose_linux_runtime("/r", search_).name, "runc");
  search_.given = program("a/youki");
  EXPECT_EQ(choose_linux_runtime("/r", search_),
            (LinuxRuntime{.name = "youki", .program = search_.given, .root = "/r/.linux@youki"}));
}

TEST_F(LinuxRuntimes, AreNeverThisProgram) {
  fs::create_symlink("/proc/self/exe", top_ + "/a/crun");
  std::string crun = program("b/crun");
  EXPECT_EQ(choose_linux_runtime("/r", search_).program, crun);
  search_.given = top_ + "/a/crun";
  EXPECT_EQ(problem_of(search_),
            "WHERRY_LINUX_RUNTIME: '" + search_.given + "' is no absolute path of a program");
  search_.given = "crun";
  EXPECT_EQ(problem_of(search_), "WHERRY_LINUX_RUNTIME: 'crun' is no absolute path of a program");
}

TEST_F(LinuxRuntimes, MustBeExecutable) {
  program("a/crun", 0644);
  std::string crun = program("b/crun");
  EXPECT_EQ(choose_linux_runtime("/r", search_).program, crun);
}

TEST_F(LinuxRuntimes, AreKnownByTheirFolders) {
  program("a/crun");
  program("a/runc");
  fs::create_directories(top_ + "/root/.linux@runc/one");
  fs::create_directories(top_ + "/root/.linux@runc/two");
  fs::create_directories(top_ + "/root/ours");
  std::string root = top_ + "/root";
  EXPECT_EQ(linux_runtime_of(root, "one", search_)->name, "runc");
  for (const char* id : {"ours", "", ".", "..", "../../root/ours", "--all", "none"}) {
    EXPECT_EQ(linux_runtime_of(root, id, search_), std::nullopt) << id;
  }
  auto all = linux_containers(root, search_);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].ids, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(linux_containers(top_ + "/none", search_).empty());
}

TEST_F(LinuxRuntimes, AreMissedWhenTheyAreGone) {
  fs::create_directories(top_ + "/root/.linux@youki/one");
  search_.given = "/opt/youki";
  EXPECT_EQ(linux_runtime_of(top_ + "/root", "one", search_)->program, "/opt/youki");
}

TEST_F(LinuxRuntimes, LeaveTheIdsOfTheirContainersBehind) {
  LinuxContainers containers{.runtime = {.name = "crun", .program = "", .root = "/r"},
                             .ids = {"one", "two"}};
  auto states = states_of(containers);
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[1].record.id, "two");
  EXPECT_EQ(states[1].state, State::Unknown);
}

using Words = std::vector<std::string>;

TEST(LinuxCommandLine, DiffersInItsRootOnly) {
  LinuxRuntime crun{.name = "crun", .program = "/usr/bin/crun", .root = "/r/.linux@crun"};
  Words given = {"--root", "/r",       "--log=/l", "--log-format", "json", "--systemd-cgroup",
                 "create", "--bundle", "/b",       "--root",       "x",    "id"};
  EXPECT_EQ(linux_command_line(crun, given, 6),
            (Words{"crun", "--root", "/r/.linux@crun", "--log=/l", "--log-format", "json",
                   "--systemd-cgroup", "create", "--bundle", "/b", "--root", "x", "id"}));
  EXPECT_EQ(linux_command_line(crun, Words{"--root=/r", "--debug", "state", "id"}, 2),
            (Words{"crun", "--root", "/r/.linux@crun", "--debug", "state", "id"}));
}

TEST(LinuxCommandLine, IsRuncsForRunc) {
  LinuxRuntime runc{.name = "runc", .program = "/usr/sbin/runc", .root = "/r"};
  EXPECT_EQ(linux_command_line(runc, Words{"--cgroup-manager", "systemd", "start", "id"}, 2),
            (Words{"runc", "--root", "/r", "--systemd-cgroup", "start", "id"}));
  EXPECT_EQ(linux_command_line(runc, Words{"--cgroup-manager=disabled", "start", "id"}, 1),
            (Words{"runc", "--root", "/r", "start", "id"}));
}

}  // namespace
}  // namespace wherry::container
