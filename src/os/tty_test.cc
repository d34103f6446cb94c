#include "os/tty.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "base/error.h"

namespace wherry::os {
namespace {

class Tty : public testing::Test {
 protected:
  void SetUp() override {
    if (::access("/dev/pts/ptmx", F_OK) != 0) GTEST_SKIP() << "no devpts on /dev/pts";
    if (::access("/dev/pts/ptmx", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "/dev/pts/ptmx may not be opened by this user";
    }
  }
  Fd root_ = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
};

TEST_F(Tty, IsAPairOfTheRootsDevpts) {
  Terminal terminal = open_terminal(root_.get());
  EXPECT_TRUE(::isatty(terminal.slave.get()));
  EXPECT_EQ(::ttyname(terminal.slave.get()), terminal.path);
  set_window_size(terminal.master.get(), {.rows = 25, .columns = 81});
  EXPECT_EQ(window_size(terminal.slave.get()), (WindowSize{.rows = 25, .columns = 81}));
  ASSERT_EQ(::write(terminal.master.get(), "hello\n", 6), 6);
  char buffer[16];
  ASSERT_EQ(::read(terminal.slave.get(), buffer, sizeof buffer), 6);
  EXPECT_EQ(std::string(buffer, 6), "hello\n");
}

TEST_F(Tty, BecomesTheTerminalOfASession) {
  Terminal terminal = open_terminal(root_.get());
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);
    if (::setsid() < 0) ::_exit(2);
    take_terminal(terminal.slave);
    if (::tcgetpgrp(0) != ::getpid()) ::_exit(3);
    (void)!::write(1, "here", 4);
    for (;;) ::pause();
  }
  terminal.slave.reset();
  char buffer[16];
  ASSERT_EQ(::read(terminal.master.get(), buffer, sizeof buffer), 4);
  ASSERT_EQ(::write(terminal.master.get(), "\x03", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST_F(Tty, IsRawWhileAskedTo) {
  Terminal terminal = open_terminal(root_.get());
  termios before{};
  ASSERT_EQ(::tcgetattr(terminal.slave.get(), &before), 0);
  {
    RawMode raw(terminal.slave.get());
    termios now{};
    ASSERT_EQ(::tcgetattr(terminal.slave.get(), &now), 0);
    EXPECT_EQ(now.c_lflag & (ECHO | ICANON | ISIG), 0u);
  }
  termios after{};
  ASSERT_EQ(::tcgetattr(terminal.slave.get(), &after), 0);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  RawMode no_terminal(root_.get());
}

TEST(TtyWithoutDevpts, SaysWhatIsMissing) {
  Fd folder(::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(window_size(folder.get()), std::nullopt);
  try {
    open_terminal(folder.get());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::FailedPrecondition);
  }
}

}  // namespace
}  // namespace wherry::os
