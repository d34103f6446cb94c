#include "wasm/wasi/clock.h"

namespace wherry::wasi {

std::optional<clockid_t> host_clock(u32 clock) noexcept {
  static constexpr clockid_t kClocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                          CLOCK_THREAD_CPUTIME_ID};
  if (clock >= std::size(kClocks)) return std::nullopt;
  return kClocks[clock];
}

u64 to_nanoseconds(const timespec& time) noexcept {
  if (time.tv_sec < 0) return 0;
  return static_cast<u64>(time.tv_sec) * kNanosecondsPerSecond + static_cast<u64>(time.tv_nsec);
}

timespec to_timespec(u64 nanoseconds) noexcept {
  return {.tv_sec = static_cast<time_t>(nanoseconds / kNanosecondsPerSecond),
          .tv_nsec = static_cast<long>(nanoseconds % kNanosecondsPerSecond)};
}

Errno clock_res_get(State&, Memory memory, u32 clock, u32 out) {
  auto host = host_clock(clock);
  timespec resolution;
  if (!host) return Errno::Inval;
  if (::clock_getres(*host, &resolution) != 0) return errno_of(errno);
  return give(memory, out, to_nanoseconds(resolution));
}

// The precision asked for may be ignored: this is as precise as the kernel is, and costs no system
// call.
Errno clock_time_get(State&, Memory memory, u32 clock, u64, u32 out) {
  auto host = host_clock(clock);
  timespec now;
  if (!host) return Errno::Inval;
  if (::clock_gettime(*host, &now) != 0) return errno_of(errno);
  return give(memory, out, to_nanoseconds(now));
}

}  // namespace wherry::wasi
