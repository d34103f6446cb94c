#include "os/command.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"

namespace wherry::os {
namespace {

using namespace std::chrono_literals;

Command shell(std::string script) {
  return {.path = "/bin/sh",
          .arguments = {"sh", "-c", std::move(script)},
          .environment = {},
          .input = {},
          .timeout = 10s};
}

TEST(Command, GivesTheInputAndNothingElse) {
  std::string large(1 << 20, 'x');
  Command command = shell("wc -c; env | grep -v ^PWD= | grep -v ^_= ; ls /proc/self/fd | wc -l");
  command.environment = {"COLOR=blue"};
  command.input = large;
  CommandResult result = run_command(command);
  // `ls` has the folder it lists open.
  EXPECT_EQ(result.output, "1048576\nCOLOR=blue\n4\n");
  EXPECT_EQ(result.status, ExitStatus{});
}

TEST(Command, NeedNotReadItsInput) {
  std::string large(1 << 20, 'x');
  Command command = shell("exit 3");
  command.input = large;
  EXPECT_EQ(run_command(command).status, ExitStatus{.code = 3});
}

TEST(Command, KeepsTheLastWords) {
  CommandResult result =
      run_command(shell("yes x | head -c 1000000; echo 'the end' >&2; kill -9 $$"));
  EXPECT_EQ(result.output.size(), 4096u);
  EXPECT_TRUE(result.output.ends_with("x\nthe end\n"));
  EXPECT_EQ(result.status, ExitStatus{.signal = SIGKILL});
}

TEST(Command, EndsWithItsTimeAndAllItStarted) {
  Command command = shell("sleep 1000 & echo $!; wait");
  command.timeout = 200ms;
  CommandResult result = run_command(command);
  EXPECT_TRUE(result.timed_out);
  pid_t sleeper = static_cast<pid_t>(std::stol(result.output));
  for (int i = 0; i < 100 && ::kill(sleeper, 0) == 0; ++i) ::usleep(10000);
  std::string state = "/proc/" + std::to_string(sleeper) + "/stat";
  // Whoever inherited it may not have reaped it yet.
  CommandResult left = run_command(shell("cut -d ' ' -f 3 " + state + " 2>/dev/null || echo gone"));
  EXPECT_TRUE(left.output == "gone\n" || left.output == "Z\n") << left.output;
}

TEST(Command, IsNotWaitedForBeyondItsOwnEnd) {
  auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(run_command(shell("sleep 5 & echo started")).output, "started\n");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 4s);
}

TEST(Command, StartsWithSignalsAsNew) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGCHLD, SIG_IGN);
  CommandResult result = run_command(shell("sed -n 's/^SigIgn:.//p' /proc/self/status"));
  ::signal(SIGPIPE, SIG_DFL);
  std::uint64_t ignored = std::stoull(result.output, nullptr, 16);
  EXPECT_EQ(ignored & (1ull << (SIGPIPE - 1) | 1ull << (SIGCHLD - 1)), 0u) << result.output;
  struct sigaction now{};
  ::sigaction(SIGCHLD, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
}

TEST(Command, SaysWhatCouldNotBeStarted) {
  try {
    run_command(
        {.path = "/not/there", .arguments = {"x"}, .environment = {}, .input = {}, .timeout = {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "start '/not/there': No such file or directory");
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  }
}

}  // namespace
}  // namespace wherry::os
