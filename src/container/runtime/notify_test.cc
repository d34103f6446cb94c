#include "container/runtime/notify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wherry::container {
namespace {

struct Pair {
  os::Fd ours, theirs;
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    ours = os::Fd(ends[0]);
    theirs = os::Fd(ends[1]);
  }
  void say(std::string_view text) const {
    EXPECT_EQ(::send(ours.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  std::string heard() const {
    char buffer[8192];
    ssize_t got = ::recv(ours.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
  }
};

TEST(Notify, PassesOnAListOfWords) {
  EXPECT_EQ(passed_on("READY=1"), "READY=1\n");
  EXPECT_EQ(passed_on("MAINPID=1\nREADY=1\nFDSTORE=1\nSTATUS=up\n"), "READY=1\nSTATUS=up\n");
  EXPECT_EQ(passed_on("STOPPING=1\nWATCHDOG=1\nWATCHDOG=trigger\nWATCHDOG_USEC=9\nBARRIER=1"),
            "STOPPING=1\nWATCHDOG=1\n");
  EXPECT_EQ(passed_on("READY=11\nREADY=0\nXREADY=1\nREADY=1\r\nMAINPIDFD=1\nERRNO=2\n"), "");
  EXPECT_EQ(passed_on("STATUS=\x1b[2Jred\x7f"), "STATUS=[2Jred\n");
  EXPECT_EQ(passed_on("STATUS=" + std::string(5000, 'x')).size(), 257u);
  EXPECT_EQ(passed_on(""), "");
  EXPECT_EQ(passed_on("\n\n"), "");
}

TEST(Notify, TellsTheManagerWhomToWatch) {
  Pair guest;
  Pair manager;
  guest.say("STATUS=soon\nMAINPID=1");
  guest.say("READY=1\nMAINPID=1");
  guest.say("STATUS=unheard");
  Pair process;  // nothing to be read: it lives
  // As a manager does that knows no barriers: what is not received is dropped.
  NotifyProxy proxy(std::move(guest.theirs), std::move(manager.theirs));
  proxy.relay_until_ready(77, process.theirs.get());
  EXPECT_EQ(manager.heard(), "STATUS=soon\n");
  EXPECT_EQ(manager.heard(), "READY=1\nMAINPID=77\n");
  EXPECT_EQ(manager.heard(), "BARRIER=1");
  EXPECT_EQ(manager.heard(), "");
}

TEST(Notify, EndsWithTheGuest) {
  Pair guest;
  Pair manager;
  Pair process;
  process.say("ended");
  guest.say("STATUS=failed");
  NotifyProxy proxy(std::move(guest.theirs), std::move(manager.theirs));
  proxy.relay_until_ready(77, process.theirs.get());
  EXPECT_EQ(manager.heard(), "STATUS=failed\n");
  EXPECT_EQ(manager.heard(), "");
}

TEST(Notify, PassesOnWhatIsLeftAtTheEnd) {
  Pair guest;
  Pair manager;
  guest.say("MAINPID=1");
  guest.say("READY=1");
  NotifyProxy proxy(std::move(guest.theirs), std::move(manager.theirs));
  proxy.finish();
  EXPECT_EQ(manager.heard(), "READY=1\n");
  EXPECT_EQ(manager.heard(), "");
}

}  // namespace
}  // namespace wherry::container
