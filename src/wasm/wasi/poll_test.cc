#include <chrono>

#include "wasm/wasi/guest_test.h"

namespace wherry::wasi {
namespace {

constexpr u32 kIn = 0x9000, kOut = 0xc000, kCount = 0x8000;
constexpr u64 kMillisecond = 1'000'000;

struct Event {
  u64 user_data;
  Errno error;
  int type;
  u64 bytes;
  int flags;
};

class Poll {
 public:
  explicit Poll(Guest& guest) : guest_(guest) {}

  Poll& clock(u64 user_data, u32 id, u64 timeout, bool absolute = false) {
    u32 at = add(user_data, 0);
    guest_.memory().store<u32>(at + 16, id);
    guest_.memory().store<u64>(at + 24, timeout);
    guest_.memory().store<std::uint16_t>(at + 40, absolute);
    return *this;
  }
  Poll& fd(u64 user_data, std::uint8_t type, u32 fd) {
    u32 at = add(user_data, type);
    guest_.memory().store<u32>(at + 16, fd);
    return *this;
  }
  Errno run() { return poll_oneoff(guest_.state(), guest_.memory(), kIn, kOut, count_, kCount); }
  std::vector<Event> events() {
    EXPECT_EQ(run(), Errno::Success);
    std::vector<Event> events;
    for (u32 i = 0; i < guest_.at<u32>(kCount); ++i) {
      u32 at = kOut + i * 32;
      events.push_back({guest_.at<u64>(at), Errno{guest_.at<std::uint16_t>(at + 8)},
                        guest_.at<std::uint8_t>(at + 10), guest_.at<u64>(at + 16),
                        guest_.at<std::uint16_t>(at + 24)});
    }
    return events;
  }

 private:
  u32 add(u64 user_data, std::uint8_t type) {
    u32 at = kIn + count_++ * 48;
    guest_.memory().store<u64>(at, user_data);
    guest_.memory().store<std::uint8_t>(at + 8, type);
    return at;
  }
  Guest& guest_;
  u32 count_ = 0;
};

struct Pipe {
  os::Fd read, write;
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

u64 elapsed(auto&& body) {
  auto start = std::chrono::steady_clock::now();
  body();
  return static_cast<u64>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
}

TEST(Poll, WaitsForTheNearestClock) {
  Guest guest;
  std::vector<Event> events;
  u64 time = elapsed([&] {
    events = Poll(guest)
                 .clock(1, 1, 60'000 * kMillisecond)
                 .clock(2, 1, 20 * kMillisecond)
                 .clock(3, 0, UINT64_MAX)
                 .events();
  });
  EXPECT_GE(time, 20 * kMillisecond);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].user_data, 2u);
  EXPECT_EQ(events[0].error, Errno::Success);
}

TEST(Poll, KnowsAbsoluteTimes) {
  Guest guest;
  for (u32 clock : {0u, 1u}) {
    ASSERT_EQ(clock_time_get(guest.state(), guest.memory(), clock, 0, 0x8000), Errno::Success);
    u64 deadline = guest.at<u64>(0x8000) + 20 * kMillisecond;
    u64 time = elapsed(
        [&] { EXPECT_EQ(Poll(guest).clock(7, clock, deadline, true).events().size(), 1u); });
    EXPECT_GE(time, 15 * kMillisecond);
    EXPECT_EQ(Poll(guest).clock(8, clock, 1, true).events().size(), 1u);
  }
}

TEST(Poll, SeesWhatCanBeReadAndWritten) {
  Pipe in, out;
  int writer = ::dup(in.write.get());
  Options options;
  options.standard_input = std::move(in.read);
  options.standard_output = std::move(out.write);
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  auto events = Poll(guest).fd(1, 1, 0).fd(2, 2, 1).clock(3, 1, 60'000 * kMillisecond).events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].user_data, 2u);
  EXPECT_EQ(events[0].type, 2);
  ASSERT_EQ(::write(writer, "abc", 3), 3);
  events = Poll(guest).fd(1, 1, 0).fd(2, 2, 1).events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].bytes, 3u);
  EXPECT_EQ(events[0].flags, 0);
  std::string text;
  ASSERT_EQ(guest.read(0, text), Errno::Success);
  ::close(writer);
  in.write.reset();
  events = Poll(guest).fd(1, 1, 0).events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].flags, 1);
}

TEST(Poll, TimesOut) {
  Pipe in;
  Options options;
  options.standard_input = std::move(in.read);
  Guest guest(os::Scope::Beneath, "/", std::move(options));
  auto events = Poll(guest).fd(1, 1, 0).clock(2, 1, 10 * kMillisecond).events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].user_data, 2u);
  EXPECT_EQ(events[0].type, 0);
}

TEST(Poll, ReportsErrorsAsEvents) {
  Guest guest;
  u32 writer = guest.create("file", rights::kFdWrite | rights::kPollFdReadwrite);
  auto events = Poll(guest)
                    .fd(1, 1, 99)
                    .fd(2, 1, writer)
                    .clock(3, 3, 1)
                    .clock(4, 9, 1)
                    .fd(5, 2, writer)
                    .clock(6, 1, 60'000 * kMillisecond)
                    .events();
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].error, Errno::Badf);
  EXPECT_EQ(events[1].error, Errno::Notcapable);
  EXPECT_EQ(events[2].error, Errno::Notsup);
  EXPECT_EQ(events[3].error, Errno::Inval);
  EXPECT_EQ(events[4].error, Errno::Success);
}

TEST(Poll, TakesManySubscriptions) {
  Guest guest;
  u32 file = guest.create("file");
  Poll poll(guest);
  for (u64 i = 0; i < 200; ++i) poll.fd(i, 1 + i % 2, file);
  auto events = poll.events();
  ASSERT_EQ(events.size(), 200u);
  for (u64 i = 0; i < 200; ++i) EXPECT_EQ(events[i].user_data, i);
}

TEST(Poll, ChecksItsArguments) {
  Guest guest;
  EXPECT_EQ(Poll(guest).run(), Errno::Inval);
  EXPECT_EQ(Poll(guest).fd(1, 3, 0).run(), Errno::Inval);
  EXPECT_EQ(poll_oneoff(guest.state(), guest.memory(), kIn, kOut, kMaxSubscriptions + 1, kCount),
            Errno::Inval);
  EXPECT_EQ(poll_oneoff(guest.state(), guest.memory(), 0xfff0, kOut, 1, kCount), Errno::Fault);
  EXPECT_EQ(poll_oneoff(guest.state(), guest.memory(), kIn, 0xfff0, 1, kCount), Errno::Fault);
}

TEST(Poll, HasAnotherLayoutInUnstable) {
  Guest guest;
  GuestMemory memory = guest.memory();
  memory.store<u64>(kIn, 11);
  memory.store<u64>(kIn + 16, 999);  // the identifier, which preview 1 dropped
  memory.store<u32>(kIn + 24, 1);
  memory.store<u64>(kIn + 32, 5 * kMillisecond);
  u64 time = elapsed([&] {
    EXPECT_EQ(unstable::poll_oneoff(guest.state(), memory, kIn, kOut, 1, kCount), Errno::Success);
  });
  EXPECT_GE(time, 5 * kMillisecond);
  EXPECT_EQ(guest.at<u64>(kOut), 11u);
}

}  // namespace
}  // namespace wherry::wasi
