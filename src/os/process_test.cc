#include "os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "os/fd.h"

namespace wherry::os {
namespace {

ExitStatus end_of(pid_t pid) {
  int raw = 0;
  EXPECT_EQ(::waitpid(pid, &raw, 0), pid);
  return exit_status_of(raw);
}

SpawnPlan shell(std::string script) {
  return {.path = "/bin/sh", .arguments = {"sh", "-c", std::move(script)}};
}

TEST(Spawn, GivesDescriptorsUnderTheirNumbers) {
  Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  SpawnPlan plan = shell("read line; [ $? = 1 ] && [ -c /dev/fd/7 ]");
  plan.descriptors = {{.ours = input.get(), .theirs = 0}, {.ours = input.get(), .theirs = 7}};
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.code = 0});
}

TEST(Spawn, SaysWhatCannotBeStarted) {
  auto [pid, problem] =
      outcome_of([] { return spawn({.path = "/not/there", .arguments = {"x"}}); });
  EXPECT_EQ(problem, "start '/not/there': No such file or directory");
}

TEST(Spawn, GivesOurEnvironmentOrAnother) {
  ::setenv("WHERRY_TEST_ONE", "1", 1);
  ::setenv("WHERRY_TEST_ONE_MORE", "2", 1);
  SpawnPlan plan = shell("exit $WHERRY_TEST_ONE$WHERRY_TEST_ONE_MORE");
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.code = 12});
  plan.environment = environment_without({"WHERRY_TEST_ONE"});
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.code = 2});
  plan.environment = {{"WHERRY_TEST_ONE=7"}};
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.code = 7});
  ::unsetenv("WHERRY_TEST_ONE");
  ::unsetenv("WHERRY_TEST_ONE_MORE");
}

TEST(Spawn, MakesAGroupOrASession) {
  struct Ids {
    pid_t process;
    pid_t group;
    pid_t session;
  };
  auto ids_in = [](ProcessGroup group) {
    pid_t pid = spawn({.path = "/bin/sleep", .arguments = {"sleep", "60"}, .group = group});
    Ids ids{.process = pid, .group = ::getpgid(pid), .session = ::getsid(pid)};
    ::kill(pid, SIGKILL);
    EXPECT_EQ(end_of(pid), ExitStatus{.signal = SIGKILL});
    return ids;
  };
  EXPECT_EQ(ids_in(ProcessGroup::Ours).group, ::getpgrp());
  Ids leader = ids_in(ProcessGroup::New);
  EXPECT_EQ(leader.group, leader.process);
  EXPECT_EQ(leader.session, ::getsid(0));
  Ids first = ids_in(ProcessGroup::NewSession);
  EXPECT_EQ(first.group, first.process);
  EXPECT_EQ(first.session, first.process);
}

// Descriptor 9 is one that is open across exec, SIGUSR2 is ignored, SIGUSR1 blocked.
TEST(Spawn, SetsApartWhatTakesNothingOfOurs) {
  ASSERT_EQ(::dup2(STDERR_FILENO, 9), 9);
  ::signal(SIGUSR2, SIG_IGN);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &one, nullptr);
  SpawnPlan plan =
      shell("[ -e /dev/fd/9 ] && exit 1; [ -e /dev/fd/5 ] || exit 2; kill -USR2 $$; exit 3");
  plan.descriptors = {{.ours = STDERR_FILENO, .theirs = 5}};
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.code = 1});
  plan.apart = true;
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.signal = SIGUSR2});
  plan.arguments.back() = "kill -USR1 $$; exit 3";
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.signal = SIGUSR1});
  plan.apart = false;
  EXPECT_EQ(end_of(spawn(plan)), ExitStatus{.code = 3});
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  ::signal(SIGUSR2, SIG_DFL);
  ::close(9);
}

TEST(SignalForwarder, PassesSignalsOnAndReportsTheEnd) {
  pid_t child = spawn({.path = "/bin/sh", .arguments = {"sh", "-c", "exit 7"}});
  pid_t sleeper = spawn({.path = "/bin/sleep", .arguments = {"sleep", "60"}});
  SignalForwarder signals;
  EXPECT_EQ(signals.wait_for(child), ExitStatus{.code = 7});
  ::kill(::getpid(), SIGTERM);  // to us, for it
  ExitStatus status = signals.wait_for(sleeper);
  EXPECT_EQ(status, ExitStatus{.signal = SIGTERM});
  EXPECT_EQ(status.exit_code(), 143);
}

// Reads a pipe, and takes one signal for itself.
class Reader final : public Attendant {
 public:
  explicit Reader(int pipe) : pipe_(pipe) {}
  void watch(std::vector<pollfd>& watched) override {
    watched.push_back({.fd = pipe_, .events = POLLIN, .revents = 0});
  }
  void attend(std::span<const pollfd> watched) override {
    char byte = 0;
    if (watched.back().revents && ::read(pipe_, &byte, 1) == 1) text += byte;
  }
  bool take_signal(int number) override {
    if (number == SIGUSR1) ++taken;
    return number == SIGUSR1;
  }
  void finish() override { text += '.'; }

  std::string text;
  int taken = 0;

 private:
  int pipe_;
};

TEST(SignalForwarder, HasOthersAttendedToMeanwhile) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  Reader reader(ours.get());
  Attendant* attendants[] = {&reader};
  pid_t child = spawn({.path = "/bin/sleep", .arguments = {"sleep", "60"}, .descriptors = {}});
  SignalForwarder signals;
  ::kill(::getpid(), SIGUSR1);
  ASSERT_EQ(::write(theirs.get(), "ab", 2), 2);
  std::thread later([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ::kill(::getpid(), SIGTERM);
  });
  ExitStatus status = signals.wait_for(child, attendants);
  later.join();
  EXPECT_EQ(status, ExitStatus{.signal = SIGTERM});
  EXPECT_EQ(reader.text, "ab.");
  EXPECT_EQ(reader.taken, 1);
}

}  // namespace
}  // namespace wherry::os
