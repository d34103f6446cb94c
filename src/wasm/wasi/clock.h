// The guest's clocks in terms of the kernel's.
#pragma once

#include <ctime>
#include <optional>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {

inline constexpr u64 kNanosecondsPerSecond = 1'000'000'000;

// Nothing for a number that preview 1 does not give to a clock.
std::optional<clockid_t> host_clock(u32 clock) noexcept;

// Nanoseconds; times before 1970 are zero.
u64 to_nanoseconds(const timespec& time) noexcept;
timespec to_timespec(u64 nanoseconds) noexcept;

}  // namespace wherry::wasi
