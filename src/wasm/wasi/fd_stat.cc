// What a descriptor is, what it may do, and what it was preopened as.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "wasm/wasi/filestat.h"

namespace wherry::wasi {
namespace {

using GiveFilestat = Errno (*)(Memory, u32, const struct stat&, Filetype);

Errno filestat(State& state, Memory memory, u32 fd, u32 out, GiveFilestat give_it) {
  Found found = find(state, fd, rights::kFdFilestatGet);
  if (!found) return found.error;
  struct stat status;
  if (::fstat(found->fd.get(), &status) != 0) return errno_of(errno);
  return give_it(memory, out, status, found->type);
}

}  // namespace

Errno fd_fdstat_get(State& state, Memory memory, u32 fd, u32 out) {
  Found found = find(state, fd, 0);
  if (!found) return found.error;
  auto bytes = memory.bytes(out, 24);
  if (!bytes) return Errno::Fault;
  std::uint8_t* at = bytes->data();
  std::fill_n(at, 24, std::uint8_t{0});
  store_little<std::uint8_t>(at, static_cast<std::uint8_t>(found->type));
  store_little<std::uint16_t>(at + 2, found->flags);
  store_little<u64>(at + 8, found->base);
  store_little<u64>(at + 16, found->inheriting);
  return Errno::Success;
}

// The kernel can change O_APPEND and O_NONBLOCK of an open file, how it synchronises it cannot.
Errno fd_fdstat_set_flags(State& state, Memory, u32 fd, u32 flags) {
  constexpr std::uint16_t kChangeable = fdflags::kAppend | fdflags::kNonblock;
  if (flags & ~u32{fdflags::kAll}) return Errno::Inval;
  Found found = find(state, fd, rights::kFdFdstatSetFlags);
  if (!found) return found.error;
  if ((flags ^ found->flags) & ~u32{kChangeable}) return Errno::Notsup;
  int host = ::fcntl(found->fd.get(), F_GETFL);
  if (host < 0) return errno_of(errno);
  host &= ~(O_APPEND | O_NONBLOCK);
  if (flags & fdflags::kAppend) host |= O_APPEND;
  if (flags & fdflags::kNonblock) host |= O_NONBLOCK;
  if (::fcntl(found->fd.get(), F_SETFL, host) != 0) return errno_of(errno);
  found->flags = static_cast<std::uint16_t>(flags);
  return Errno::Success;
}

Errno fd_fdstat_set_rights(State& state, Memory, u32 fd, u64 base, u64 inheriting) {
  Found found = find(state, fd, 0);
  if (!found) return found.error;
  if ((base & ~found->base) || (inheriting & ~found->inheriting)) return Errno::Notcapable;
  found->base = base;
  found->inheriting = inheriting;
  return Errno::Success;
}

Errno fd_filestat_get(State& state, Memory memory, u32 fd, u32 out) {
  return filestat(state, memory, fd, out, give_filestat);
}

Errno unstable::fd_filestat_get(State& state, Memory memory, u32 fd, u32 out) {
  return filestat(state, memory, fd, out, give_unstable_filestat);
}

Errno fd_filestat_set_size(State& state, Memory, u32 fd, u64 size) {
  Found found = find_file(state, fd, rights::kFdFilestatSetSize);
  if (!found) return found.error;
  auto length = to_offset(size);
  if (!length) return Errno::Inval;
  return success_or_errno(retrying([&] { return ::ftruncate(found->fd.get(), *length); }));
}

Errno fd_filestat_set_times(State& state, Memory, u32 fd, u64 access, u64 modification, u32 flags) {
  Found found = find(state, fd, rights::kFdFilestatSetTimes);
  if (!found) return found.error;
  timespec times[2];
  if (Errno error = read_times(access, modification, flags, times); error != Errno::Success) {
    return error;
  }
  return success_or_errno(::futimens(found->fd.get(), times));
}

// A descriptor that was not preopened is Badf: the C library counts preopens until it sees that. So
// those given, which come before the preopens, are a type of their own, which libraries pass over.
Errno fd_prestat_get(State& state, Memory memory, u32 fd, u32 out) {
  constexpr u32 kDirectory = 0;  // preopentype, and padding
  constexpr u32 kNoDirectory = 1;
  Found found = find(state, fd, 0);
  if (!found || (!found->preopen && !found->given)) return Errno::Badf;
  auto bytes = memory.bytes(out, 8);
  if (!bytes) return Errno::Fault;
  if (!found->preopen) {
    store_little<u32>(bytes->data(), kNoDirectory);
    store_little<u32>(bytes->data() + 4, 0);
    return Errno::Success;
  }
  store_little<u32>(bytes->data(), kDirectory);
  store_little<u32>(bytes->data() + 4, static_cast<u32>(found->preopen->size()));
  return Errno::Success;
}

Errno fd_prestat_dir_name(State& state, Memory memory, u32 fd, u32 buffer, u32 length) {
  Found found = find(state, fd, 0);
  if (!found || !found->preopen) return Errno::Badf;
  const std::string& name = *found->preopen;
  if (length < name.size()) return Errno::Nametoolong;
  auto bytes = memory.bytes(buffer, name.size());
  if (!bytes) return Errno::Fault;
  std::copy(name.begin(), name.end(), bytes->begin());
  return Errno::Success;
}

}  // namespace wherry::wasi
