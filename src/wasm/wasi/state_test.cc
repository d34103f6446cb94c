// Arguments, environment, clocks, random numbers and ways to end.
#include <time.h>

#include "base/error.h"
#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

TEST(Arguments, AreGivenWithTheirNuls) {
  Options options;
  options.arguments = {"prog", "", "two words"};
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  ASSERT_EQ(args_sizes_get(guest.state(), guest.memory(), 0x8000, 0x8004), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 3u);
  EXPECT_EQ(guest.at<u32>(0x8004), 5u + 1 + 10);
  ASSERT_EQ(args_get(guest.state(), guest.memory(), 0x8000, 0x9000), Errno::Success);
  EXPECT_EQ(guest.at<u32>(0x8000), 0x9000u);
  EXPECT_EQ(guest.at<u32>(0x8004), 0x9005u);
  EXPECT_EQ(guest.at<u32>(0x8008), 0x9006u);
  EXPECT_EQ(guest.text(0x9000, 16), std::string("prog\0\0two words\0", 16));
}

TEST(Arguments, FaultOutsideTheMemory) {
  Options options;
  options.arguments = {"prog"};
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  EXPECT_EQ(args_get(guest.state(), guest.memory(), 0xfffd, 0x9000), Errno::Fault);
  EXPECT_EQ(args_get(guest.state(), guest.memory(), 0x8000, 0xfffd), Errno::Fault);
  EXPECT_EQ(args_sizes_get(guest.state(), guest.memory(), 0xffffffff, 0), Errno::Fault);
}

TEST(Arguments, WithANulAreRefused) {
  Options options;
  options.arguments = {std::string("a\0b", 3)};
  EXPECT_THROW(State(std::move(options)), Error);
}

TEST(Environment, NamesTheWorkingDirectory) {
  Options options;
  options.environment = {"A=1"};
  Guest guest(os::Scope::InRoot, "/app", std::move(options));
  EXPECT_EQ(guest.state().environment.bytes, std::string("A=1\0PWD=/app\0", 13));
}

TEST(Clocks, AreTheKernels) {
  Guest guest;
  for (u32 clock = 0; clock < 4; ++clock) {
    EXPECT_EQ(clock_time_get(guest.state(), guest.memory(), clock, 0, 0x8000), Errno::Success);
    EXPECT_GT(guest.at<u64>(0x8000), 0u);
    EXPECT_EQ(clock_res_get(guest.state(), guest.memory(), clock, 0x8000), Errno::Success);
    EXPECT_GT(guest.at<u64>(0x8000), 0u);
  }
  ASSERT_EQ(clock_time_get(guest.state(), guest.memory(), 0, 0, 0x8000), Errno::Success);
  EXPECT_NEAR(static_cast<double>(guest.at<u64>(0x8000)) / 1e9,
              static_cast<double>(::time(nullptr)), 5);
  EXPECT_EQ(clock_time_get(guest.state(), guest.memory(), 4, 0, 0x8000), Errno::Inval);
  EXPECT_EQ(clock_time_get(guest.state(), guest.memory(), 0, 0, 0xfffc), Errno::Fault);
}

TEST(Random, FillsExactlyWhatWasAskedFor) {
  Guest guest;
  ASSERT_EQ(random_get(guest.state(), guest.memory(), 0x8000, 4096), Errno::Success);
  EXPECT_NE(guest.text(0x8000, 4096), std::string(4096, '\0'));
  EXPECT_EQ(guest.text(0x9000, 4096), std::string(4096, '\0'));
  EXPECT_EQ(random_get(guest.state(), guest.memory(), 0x10000, 0), Errno::Success);
  EXPECT_EQ(random_get(guest.state(), guest.memory(), 0x8000, 0xffffffff), Errno::Fault);
}

TEST(Processes, EndByExitAndBySignal) {
  Guest guest;
  try {
    proc_exit(guest.state(), guest.memory(), 42);
    FAIL();
  } catch (const wasm::GuestExit& exit) {
    EXPECT_EQ(exit.code, 42u);
  }
  try {
    (void)proc_raise(guest.state(), guest.memory(), 6);
    FAIL();
  } catch (const wasm::GuestExit& exit) {
    EXPECT_EQ(exit.code, 134u);
  }
  EXPECT_EQ(proc_raise(guest.state(), guest.memory(), 0), Errno::Success);
  EXPECT_EQ(proc_raise(guest.state(), guest.memory(), 18), Errno::Notsup);
  EXPECT_EQ(proc_raise(guest.state(), guest.memory(), 31), Errno::Inval);
  EXPECT_EQ(sched_yield(guest.state(), guest.memory()), Errno::Success);
}

}  // namespace
}  // namespace wherry::wasi
