#include "os/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace wherry::os {
namespace {

// A descriptor's number is used again once it is closed: events of a turn name the watch by a key
// that is not.
constexpr int kKeyBits = 40;

std::uint64_t tag_of(int fd, std::uint64_t key) {
  return static_cast<std::uint64_t>(fd) << kKeyBits | key;
}

}  // namespace

EventLoop::EventLoop(Reporter report)
    : epoll_(sys([] { return ::epoll_create1(EPOLL_CLOEXEC); }, "make an event loop")),
      report_(std::move(report)) {}

void EventLoop::watch(int fd, std::uint32_t events, Callback callback) {
  std::uint64_t key = ++next_key_ & ((std::uint64_t{1} << kKeyBits) - 1);
  epoll_event event{.events = events, .data = {.u64 = tag_of(fd, key)}};
  sys([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event); }, "watch descriptor {}",
      fd);
  watches_[fd] = {.key = key, .callback = std::move(callback)};
}

void EventLoop::change(int fd, std::uint32_t events) {
  auto found = watches_.find(fd);
  WHERRY_CHECK(found != watches_.end());
  epoll_event event{.events = events, .data = {.u64 = tag_of(fd, found->second.key)}};
  sys([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event); }, "watch descriptor {}",
      fd);
}

void EventLoop::forget(int fd) noexcept {
  if (watches_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::after(std::chrono::milliseconds delay, Task task) {
  TimerId id(Clock::now() + delay, ++next_key_);
  timers_.emplace(id, std::move(task));
  return id;
}

void EventLoop::call(const Task& task) {
  try {
    task();
  } catch (const std::exception& error) {
    report_(error.what());
  }
}

void EventLoop::run_timers() {
  Clock::time_point now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now && !stopped_) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    call(task);
  }
}

int EventLoop::milliseconds_to_next() const {
  if (timers_.empty()) return -1;
  auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
}

void EventLoop::run() {
  std::array<epoll_event, 32> events;
  stopped_ = false;
  while (!stopped_) {
    int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds_to_next());
    if (count < 0 && errno != EINTR) fail_errno(errno, "wait for events");
    for (int i = 0; i < count && !stopped_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto found = watches_.find(static_cast<int>(event.data.u64 >> kKeyBits));
      if (found == watches_.end()) continue;
      if (tag_of(found->first, found->second.key) != event.data.u64) continue;
      // A copy: the callback may forget itself.
      Callback callback = found->second.callback;
      call([&] { callback(event.events); });
    }
    run_timers();
  }
}

}  // namespace wherry::os
