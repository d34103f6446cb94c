// Opening a file by name, with the rights asked for.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cerrno>

#include "wasm/wasi/path.h"

namespace wherry::wasi {
namespace {

// Sockets cannot be opened by name, and bits that preview 1 does not have mean nothing: asking for
// such rights is not refused, they do not apply to what is opened.
constexpr Rights kMeaningful = rights::kDirectory | rights::kFile;

constexpr Rights kReading = rights::kFdRead | rights::kFdReaddir;
constexpr Rights kWriting = rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize;

// What the directory's own rights must have for these oflags.
Rights base_needed(u32 open_flags) {
  Rights needed = rights::kPathOpen;
  if (open_flags & oflags::kCreat) needed |= rights::kPathCreateFile;
  if (open_flags & oflags::kTrunc) needed |= rights::kPathFilestatSetSize;
  return needed;
}

// What the directory must be able to hand on.
Rights inheriting_needed(Rights base, Rights inheriting, u32 flags) {
  Rights needed = (base | inheriting) & kMeaningful;
  if (flags & fdflags::kDsync) needed |= rights::kFdDatasync;
  if (flags & (fdflags::kSync | fdflags::kRsync)) needed |= rights::kFdSync;
  return needed;
}

int host_flags(u32 lookup, u32 open_flags, Rights base, u32 flags) {
  int host = O_NOCTTY;
  if (base & kWriting) {
    host |= base & kReading ? O_RDWR : O_WRONLY;
  } else {
    host |= O_RDONLY;
  }
  if (!(lookup & kLookupSymlinkFollow)) host |= O_NOFOLLOW;
  if (open_flags & oflags::kCreat) host |= O_CREAT;
  if (open_flags & oflags::kDirectory) host |= O_DIRECTORY;
  if (open_flags & oflags::kExcl) host |= O_EXCL;
  if (open_flags & oflags::kTrunc) host |= O_TRUNC;
  if (flags & fdflags::kAppend) host |= O_APPEND;
  if (flags & fdflags::kNonblock) host |= O_NONBLOCK;
  if (flags & fdflags::kDsync) host |= O_DSYNC;
  if (flags & (fdflags::kSync | fdflags::kRsync)) host |= O_SYNC;
  return host;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// The descriptor for what openat2 refused as ENXIO: a socket. One can be opened, the one that was
// given by that name.
os::Fd open_notify(const State& state, const Descriptor& directory, const Place& place) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW;
  if (!state.notify.is_open() || !directory.is_root) return {};
  os::Fd asked =
      os::try_open_at(place.directory, place.path.c_str(), {.scope = place.scope, .flags = kFlags})
          .fd;
  os::Fd known = os::try_open_at(directory.fd.get(), state.notify_path.c_str(),
                                 {.scope = directory.scope, .flags = kFlags})
                     .fd;
  struct stat asked_status;
  struct stat known_status;
  if (!asked.is_open() || ::fstat(asked.get(), &asked_status) != 0 || !known.is_open() ||
      ::fstat(known.get(), &known_status) != 0 || !is_same_file(asked_status, known_status)) {
    return {};
  }
  return os::Fd(::fcntl(state.notify.get(), F_DUPFD_CLOEXEC, 0));
}

// The guest has its process in common with what confines it: a /proc that it may write to would let it
// write to the memory of its own engine (/proc/self/mem).
bool is_forbidden(const os::Fd& fd, int flags) {
  struct statfs system{};
  return (flags & O_ACCMODE) != O_RDONLY && ::fstatfs(fd.get(), &system) == 0 &&
         system.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

Errno path_open(State& state, Memory memory, u32 fd, u32 lookup, u32 path, u32 length,
                u32 open_flags, u64 base, u64 inheriting, u32 flags, u32 fd_out) {
  if (open_flags & ~u32{oflags::kAll} || flags & ~u32{fdflags::kAll}) return Errno::Inval;
  Place place = read_place(state, memory, fd, base_needed(open_flags), path, length);
  if (!place) return place.error;
  Found directory = find(state, fd, 0);
  if (inheriting_needed(base, inheriting, flags) & ~directory->inheriting) return Errno::Notcapable;
  if (!memory.bytes(fd_out, sizeof(u32))) return Errno::Fault;

  const int how = host_flags(lookup, open_flags, base, flags);
  os::OpenResult opened = os::try_open_at(place.directory, place.path.c_str(),
                                          {.scope = place.scope, .flags = how, .mode = 0666});
  if (opened.error == ENXIO) opened.fd = open_notify(state, *directory.descriptor, place);
  if (!opened.fd.is_open()) return errno_of_lookup(opened.error);

  if (is_forbidden(opened.fd, how)) return Errno::Acces;
  struct stat status;
  if (::fstat(opened.fd.get(), &status) != 0) return errno_of(errno);
  Descriptor descriptor = describe(std::move(opened.fd), status);
  descriptor.base &= base;
  descriptor.inheriting &= inheriting;
  descriptor.flags = static_cast<std::uint16_t>(flags);
  // The root, opened again, is still the root.
  struct stat parent;
  if (directory->is_root && descriptor.type == Filetype::Directory &&
      ::fstat(directory->fd.get(), &parent) == 0 && is_same_file(status, parent)) {
    descriptor.is_root = true;
    descriptor.scope = directory->scope;
  }
  auto number = state.descriptors.insert(std::move(descriptor));
  if (!number) return Errno::Mfile;
  return give(memory, fd_out, *number);
}

}  // namespace wherry::wasi
