// What is known about a named file, and its times.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "wasm/wasi/filestat.h"
#include "wasm/wasi/path.h"

namespace wherry::wasi {
namespace {

using GiveFilestat = Errno (*)(Memory, u32, const struct stat&, Filetype);

Errno filestat(State& state, Memory memory, u32 fd, u32 lookup, u32 path, u32 length, u32 out,
               GiveFilestat give_it) {
  Place place = read_place(state, memory, fd, rights::kPathFilestatGet, path, length);
  if (!place) return place.error;
  Opened file = open_to_look(place, lookup);
  if (!file) return file.error;
  struct stat status;
  if (::fstat(file.fd.get(), &status) != 0) return errno_of(errno);
  return give_it(memory, out, status, filetype_of_mode(status.st_mode));
}

}  // namespace

Errno path_filestat_get(State& state, Memory memory, u32 fd, u32 lookup, u32 path, u32 length,
                        u32 out) {
  return filestat(state, memory, fd, lookup, path, length, out, give_filestat);
}

Errno unstable::path_filestat_get(State& state, Memory memory, u32 fd, u32 lookup, u32 path,
                                  u32 length, u32 out) {
  return filestat(state, memory, fd, lookup, path, length, out, give_unstable_filestat);
}

Errno path_filestat_set_times(State& state, Memory memory, u32 fd, u32 lookup, u32 path, u32 length,
                              u64 access, u64 modification, u32 flags) {
  Place place = read_place(state, memory, fd, rights::kPathFilestatSetTimes, path, length);
  if (!place) return place.error;
  timespec times[2];
  if (Errno error = read_times(access, modification, flags, times); error != Errno::Success) {
    return error;
  }
  Opened file = open_to_look(place, lookup);
  if (!file) return file.error;
  return success_or_errno(::utimensat(file.fd.get(), "", times, AT_EMPTY_PATH));
}

}  // namespace wherry::wasi
