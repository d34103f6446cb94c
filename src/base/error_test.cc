#include "base/error.h"

#include <gtest/gtest.h>

namespace wherry {
namespace {

TEST(Error, ContextStandsBeforeWhatWentWrong) {
  try {
    in_context([] { return std::string("start container 'web'"); },
               [] { fail_errno(ENOENT, "open {}", "/b/config.json"); });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "start container 'web': open /b/config.json: No such file or directory");
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  }
}

TEST(Error, SysRetriesInterruptedCalls) {
  int calls = 0;
  int result = sys(
      [&] {
        if (++calls < 3) {
          errno = EINTR;
          return -1;
        }
        return 7;
      },
      "never");
  EXPECT_EQ(result, 7);
  EXPECT_EQ(calls, 3);
}

TEST(Error, InContextReturnsTheBodysValue) {
  EXPECT_EQ(in_context([] { return std::string("unused"); }, [] { return 42; }), 42);
}

}  // namespace
}  // namespace wherry
