#include "wasm/wasi/filestat.h"

#include <algorithm>

#include "wasm/wasi/clock.h"

namespace wherry::wasi {
namespace {

Errno read_time(bool given, bool now, u64 value, timespec& time) {
  if (given && now) return Errno::Inval;
  time =
      given ? to_timespec(value) : timespec{.tv_sec = 0, .tv_nsec = now ? UTIME_NOW : UTIME_OMIT};
  return Errno::Success;
}

void put_times(std::uint8_t* at, const struct stat& status) {
  store_little<u64>(at, to_nanoseconds(status.st_atim));
  store_little<u64>(at + 8, to_nanoseconds(status.st_mtim));
  store_little<u64>(at + 16, to_nanoseconds(status.st_ctim));
}

}  // namespace

Errno give_filestat(Memory memory, u32 out, const struct stat& status, Filetype type) {
  auto bytes = memory.bytes(out, 64);
  if (!bytes) return Errno::Fault;
  std::uint8_t* at = bytes->data();
  std::fill_n(at, 64, std::uint8_t{0});
  store_little<u64>(at, status.st_dev);
  store_little<u64>(at + 8, status.st_ino);
  store_little<std::uint8_t>(at + 16, static_cast<std::uint8_t>(type));
  store_little<u64>(at + 24, status.st_nlink);
  store_little<u64>(at + 32, static_cast<u64>(status.st_size));
  put_times(at + 40, status);
  return Errno::Success;
}

Errno give_unstable_filestat(Memory memory, u32 out, const struct stat& status, Filetype type) {
  auto bytes = memory.bytes(out, 56);
  if (!bytes) return Errno::Fault;
  std::uint8_t* at = bytes->data();
  std::fill_n(at, 56, std::uint8_t{0});
  store_little<u64>(at, status.st_dev);
  store_little<u64>(at + 8, status.st_ino);
  store_little<std::uint8_t>(at + 16, static_cast<std::uint8_t>(type));
  store_little<u32>(at + 20, static_cast<u32>(std::min<u64>(status.st_nlink, UINT32_MAX)));
  store_little<u64>(at + 24, static_cast<u64>(status.st_size));
  put_times(at + 32, status);
  return Errno::Success;
}

Errno read_times(u64 access, u64 modification, u32 flags, timespec (&times)[2]) {
  if (flags & ~u32{fstflags::kAll}) return Errno::Inval;
  Errno error = read_time(flags & fstflags::kAtim, flags & fstflags::kAtimNow, access, times[0]);
  if (error != Errno::Success) return error;
  return read_time(flags & fstflags::kMtim, flags & fstflags::kMtimNow, modification, times[1]);
}

}  // namespace wherry::wasi
