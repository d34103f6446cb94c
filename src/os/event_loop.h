// One thread that waits for many descriptors and times (epoll) and calls back.
//
// A callback may watch, forget and schedule as it likes, also what is due in the same turn. An Error
// that one throws goes to the reporter and ends nothing. Thread safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "os/fd.h"

namespace wherry::os {

class EventLoop {
 public:
  // Events are EPOLLIN and the like.
  using Callback = std::function<void(std::uint32_t events)>;
  using Task = std::function<void()>;
  using Reporter = std::function<void(std::string_view error)>;
  using Clock = std::chrono::steady_clock;
  using TimerId = std::pair<Clock::time_point, std::uint64_t>;

  // Throws Error.
  explicit EventLoop(Reporter report);

  // The descriptor stays the caller's, who forgets it here before closing it. Throws Error.
  void watch(int fd, std::uint32_t events, Callback callback);
  // Requires: fd is watched.
  void change(int fd, std::uint32_t events);
  void forget(int fd) noexcept;

  TimerId after(std::chrono::milliseconds delay, Task task);
  void cancel(const TimerId& timer) { timers_.erase(timer); }

  // Returns after stop(). Throws Error where the kernel fails us.
  void run();
  void stop() { stopped_ = true; }

 private:
  struct Watch {
    std::uint64_t key;
    Callback callback;
  };
  void call(const Task& task);
  void run_timers();
  int milliseconds_to_next() const;

  Fd epoll_;
  Reporter report_;
  std::map<int, Watch> watches_;
  std::map<TimerId, Task> timers_;
  std::uint64_t next_key_ = 0;
  bool stopped_ = false;
};

}  // namespace wherry::os
