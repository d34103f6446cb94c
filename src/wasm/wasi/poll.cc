// poll_oneoff: waiting for descriptors and clocks at once.
//
// Descriptors are waited for with ppoll(); each clock subscription becomes a deadline on its own
// clock, and the nearest bounds the wait. After a wait everything is looked at again, so a stepped
// real-time clock or an interrupted wait only means another round.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "wasm/wasi/clock.h"

namespace wherry::wasi {
namespace {

enum class EventType : std::uint8_t { Clock = 0, FdRead = 1, FdWrite = 2 };

constexpr u32 kAbsoluteTime = 1;
constexpr std::uint16_t kHangup = 1;
constexpr std::size_t kEventSize = 32;
// ppoll() is asked to wait at most this long at a time: within timespec, whatever the guest asks.
constexpr u64 kLongestWait = 86'400 * kNanosecondsPerSecond;

struct Subscription {
  u64 user_data = 0;
  EventType type = EventType::Clock;
  Errno error = Errno::Success;  // known before waiting
  // Clock
  clockid_t clock = CLOCK_MONOTONIC;
  u64 deadline = 0;  // on that clock
  // FdRead, FdWrite
  int fd = -1;
  Filetype filetype = Filetype::Unknown;
  std::size_t poll_index = 0;
};

// Where the fields of a subscription stand.
struct Layout {
  std::size_t size, fd, clock, timeout, flags;
};
constexpr Layout kPreview1 = {.size = 48, .fd = 16, .clock = 16, .timeout = 24, .flags = 40};
constexpr Layout kUnstable = {.size = 56, .fd = 16, .clock = 24, .timeout = 32, .flags = 48};

u64 now(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return to_nanoseconds(time);
}

u64 saturating_add(u64 a, u64 b) noexcept { return b > UINT64_MAX - a ? UINT64_MAX : a + b; }

void read_clock(Subscription& subscription, const std::uint8_t* at, const Layout& layout) {
  auto clock = host_clock(load_little<u32>(at + layout.clock));
  if (!clock) {
    subscription.error = Errno::Inval;
  } else if (*clock != CLOCK_REALTIME && *clock != CLOCK_MONOTONIC) {
    subscription.error = Errno::Notsup;  // time that does not pass while one waits
  } else {
    u64 timeout = load_little<u64>(at + layout.timeout);
    bool absolute = load_little<std::uint16_t>(at + layout.flags) & kAbsoluteTime;
    // A relative wait is not to be changed by somebody setting the time.
    subscription.clock = absolute ? *clock : CLOCK_MONOTONIC;
    subscription.deadline = absolute ? timeout : saturating_add(now(CLOCK_MONOTONIC), timeout);
  }
}

void read_descriptor(State& state, Subscription& subscription, const std::uint8_t* at,
                     const Layout& layout) {
  Rights needed = subscription.type == EventType::FdRead ? rights::kFdRead : rights::kFdWrite;
  Found found = find(state, load_little<u32>(at + layout.fd), rights::kPollFdReadwrite);
  // A directory has neither right, and nothing to wait for.
  if (found && found->type != Filetype::Directory && !(found->base & needed)) {
    found = {nullptr, Errno::Notcapable};
  }
  if (!found) {
    subscription.error = found.error;
    return;
  }
  subscription.fd = found->fd.get();
  subscription.filetype = found->type;
}

Errno read_subscriptions(State& state, std::span<const std::uint8_t> bytes, const Layout& layout,
                         std::vector<Subscription>& subscriptions) {
  for (std::size_t at = 0; at < bytes.size(); at += layout.size) {
    const std::uint8_t* record = bytes.data() + at;
    std::uint8_t type = load_little<std::uint8_t>(record + 8);
    if (type > static_cast<std::uint8_t>(EventType::FdWrite)) return Errno::Inval;
    Subscription& subscription = subscriptions.emplace_back();
    subscription.user_data = load_little<u64>(record);
    subscription.type = static_cast<EventType>(type);
    if (subscription.type == EventType::Clock) {
      read_clock(subscription, record, layout);
    } else {
      read_descriptor(state, subscription, record, layout);
    }
  }
  return Errno::Success;
}

// How many bytes can be read without waiting, as far as the kernel says.
u64 readable_bytes(const Subscription& subscription) noexcept {
  if (subscription.filetype == Filetype::RegularFile) {
    struct stat status;
    off_t position = ::lseek(subscription.fd, 0, SEEK_CUR);
    if (position < 0 || ::fstat(subscription.fd, &status) != 0) return 0;
    return status.st_size > position ? static_cast<u64>(status.st_size - position) : 0;
  }
  int count = 0;
  if (::ioctl(subscription.fd, FIONREAD, &count) != 0 || count < 0) return 0;
  return static_cast<u64>(count);
}

class EventList {
 public:
  explicit EventList(std::span<std::uint8_t> bytes) : bytes_(bytes) {}
  u32 count() const { return count_; }

  void add(const Subscription& subscription, Errno error, u64 bytes_ready = 0,
           std::uint16_t flags = 0) {
    std::uint8_t* at = bytes_.data() + count_++ * kEventSize;
    std::fill_n(at, kEventSize, std::uint8_t{0});
    store_little<u64>(at, subscription.user_data);
    store_little<std::uint16_t>(at + 8, static_cast<std::uint16_t>(error));
    store_little<std::uint8_t>(at + 10, static_cast<std::uint8_t>(subscription.type));
    store_little<u64>(at + 16, bytes_ready);
    store_little<std::uint16_t>(at + 24, flags);
  }

 private:
  std::span<std::uint8_t> bytes_;
  u32 count_ = 0;
};

void add_ready(EventList& events, const Subscription& subscription, short ready) {
  if (ready & POLLNVAL) return events.add(subscription, Errno::Badf);
  std::uint16_t flags = ready & (POLLHUP | POLLERR) ? kHangup : 0;
  u64 bytes = subscription.type == EventType::FdRead ? readable_bytes(subscription) : 0;
  events.add(subscription, Errno::Success, bytes, flags);
}

// Everything that has happened, in the order of the subscriptions.
void collect(const std::vector<Subscription>& subscriptions, const std::vector<pollfd>& polled,
             EventList& events) {
  for (const Subscription& subscription : subscriptions) {
    if (subscription.error != Errno::Success) {
      events.add(subscription, subscription.error);
    } else if (subscription.type == EventType::Clock) {
      if (now(subscription.clock) >= subscription.deadline) {
        events.add(subscription, Errno::Success);
      }
    } else if (short ready = polled[subscription.poll_index].revents) {
      add_ready(events, subscription, ready);
    }
  }
}

// How long nothing can happen but on a descriptor.
u64 longest_wait(const std::vector<Subscription>& subscriptions) noexcept {
  u64 wait = kLongestWait;
  for (const Subscription& subscription : subscriptions) {
    if (subscription.error != Errno::Success) return 0;
    if (subscription.type != EventType::Clock) continue;
    u64 time = now(subscription.clock);
    wait = std::min(wait, subscription.deadline > time ? subscription.deadline - time : 0);
  }
  return wait;
}

Errno poll_with(State& state, Memory memory, u32 in, u32 out, u32 count, u32 events_out,
                const Layout& layout) {
  if (count == 0 || count > kMaxSubscriptions) return Errno::Inval;
  auto in_bytes = memory.bytes(in, count * layout.size);
  auto out_bytes = memory.bytes(out, count * kEventSize);
  if (!in_bytes || !out_bytes || !memory.bytes(events_out, sizeof(u32))) return Errno::Fault;

  std::vector<Subscription> subscriptions;
  subscriptions.reserve(count);
  Errno error = read_subscriptions(state, *in_bytes, layout, subscriptions);
  if (error != Errno::Success) return error;
  std::vector<pollfd> polled;
  for (Subscription& subscription : subscriptions) {
    if (subscription.fd < 0) continue;
    subscription.poll_index = polled.size();
    short wanted = subscription.type == EventType::FdRead ? POLLIN : POLLOUT;
    polled.push_back({.fd = subscription.fd, .events = wanted, .revents = 0});
  }

  for (;;) {
    timespec timeout = to_timespec(longest_wait(subscriptions));
    int ready = ::ppoll(polled.data(), polled.size(), &timeout, nullptr);
    if (ready < 0 && errno != EINTR) return errno_of(errno);
    if (ready < 0) {
      for (pollfd& descriptor : polled) descriptor.revents = 0;
    }
    EventList events(*out_bytes);
    collect(subscriptions, polled, events);
    if (events.count() != 0) return give(memory, events_out, events.count());
  }
}

}  // namespace

Errno poll_oneoff(State& state, Memory memory, u32 subscriptions, u32 events, u32 count,
                  u32 events_out) {
  return poll_with(state, memory, subscriptions, events, count, events_out, kPreview1);
}

Errno unstable::poll_oneoff(State& state, Memory memory, u32 subscriptions, u32 events, u32 count,
                            u32 events_out) {
  return poll_with(state, memory, subscriptions, events, count, events_out, kUnstable);
}

}  // namespace wherry::wasi
