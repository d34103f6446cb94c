// Reading, writing, seeking, and the numbers of descriptors.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {
namespace {

// The count of a read or write, or why there was none.
Errno give_count(Memory memory, u32 out, ssize_t count) {
  if (count < 0) return errno_of(errno);
  return give(memory, out, static_cast<u32>(count));
}

Errno seek(Descriptor& descriptor, Memory memory, off_t offset, int whence, u32 out) {
  off_t position = ::lseek(descriptor.fd.get(), offset, whence);
  if (position < 0) return errno_of(errno);
  return give(memory, out, static_cast<u64>(position));
}

// Asking for the position needs only the right to tell it.
Rights rights_to_seek(u64 offset, int whence) {
  return offset == 0 && whence == SEEK_CUR ? rights::kFdTell : rights::kFdSeek | rights::kFdTell;
}

Errno seek_with(State& state, Memory memory, u32 fd, u64 offset, int whence, u32 out) {
  Found found = find_file(state, fd, rights_to_seek(offset, whence));
  if (!found) return found.error;
  return seek(*found.descriptor, memory, static_cast<off_t>(offset), whence, out);
}

}  // namespace

Errno fd_read(State& state, Memory memory, u32 fd, u32 vectors, u32 count, u32 read_out) {
  Found found = find_file(state, fd, rights::kFdRead);
  if (!found) return found.error;
  if (!memory.bytes(read_out, sizeof(u32))) return Errno::Fault;
  Vectors buffers;
  if (Errno error = buffers.read(memory, vectors, count); error != Errno::Success) return error;
  return give_count(memory, read_out, retrying([&] {
                      return ::readv(found->fd.get(), buffers.data(), buffers.size());
                    }));
}

Errno fd_write(State& state, Memory memory, u32 fd, u32 vectors, u32 count, u32 written_out) {
  Found found = find_file(state, fd, rights::kFdWrite);
  if (!found) return found.error;
  if (!memory.bytes(written_out, sizeof(u32))) return Errno::Fault;
  Vectors buffers;
  if (Errno error = buffers.read(memory, vectors, count); error != Errno::Success) return error;
  return give_count(memory, written_out, retrying([&] {
                      return ::writev(found->fd.get(), buffers.data(), buffers.size());
                    }));
}

Errno fd_pread(State& state, Memory memory, u32 fd, u32 vectors, u32 count, u64 offset,
               u32 read_out) {
  Found found = find_file(state, fd, rights::kFdRead | rights::kFdSeek);
  if (!found) return found.error;
  auto at = to_offset(offset);
  if (!at) return Errno::Inval;
  if (!memory.bytes(read_out, sizeof(u32))) return Errno::Fault;
  Vectors buffers;
  if (Errno error = buffers.read(memory, vectors, count); error != Errno::Success) return error;
  return give_count(memory, read_out, retrying([&] {
                      return ::preadv(found->fd.get(), buffers.data(), buffers.size(), *at);
                    }));
}

Errno fd_pwrite(State& state, Memory memory, u32 fd, u32 vectors, u32 count, u64 offset,
                u32 written_out) {
  Found found = find_file(state, fd, rights::kFdWrite | rights::kFdSeek);
  if (!found) return found.error;
  auto at = to_offset(offset);
  if (!at) return Errno::Inval;
  if (!memory.bytes(written_out, sizeof(u32))) return Errno::Fault;
  Vectors buffers;
  if (Errno error = buffers.read(memory, vectors, count); error != Errno::Success) return error;
  return give_count(memory, written_out, retrying([&] {
                      return ::pwritev(found->fd.get(), buffers.data(), buffers.size(), *at);
                    }));
}

Errno fd_seek(State& state, Memory memory, u32 fd, u64 offset, u32 whence, u32 position_out) {
  static constexpr int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  if (whence >= std::size(kWhence)) return Errno::Inval;
  return seek_with(state, memory, fd, offset, kWhence[whence], position_out);
}

Errno unstable::fd_seek(State& state, Memory memory, u32 fd, u64 offset, u32 whence,
                        u32 position_out) {
  static constexpr int kWhence[] = {SEEK_CUR, SEEK_END, SEEK_SET};
  if (whence >= std::size(kWhence)) return Errno::Inval;
  return seek_with(state, memory, fd, offset, kWhence[whence], position_out);
}

Errno fd_tell(State& state, Memory memory, u32 fd, u32 position_out) {
  return seek_with(state, memory, fd, 0, SEEK_CUR, position_out);
}

Errno fd_close(State& state, Memory, u32 fd) { return state.descriptors.close(fd); }

Errno fd_renumber(State& state, Memory, u32 from, u32 to) {
  return state.descriptors.renumber(from, to);
}

Errno fd_sync(State& state, Memory, u32 fd) {
  Found found = find(state, fd, rights::kFdSync);
  if (!found) return found.error;
  return success_or_errno(retrying([&] { return ::fsync(found->fd.get()); }));
}

Errno fd_datasync(State& state, Memory, u32 fd) {
  Found found = find(state, fd, rights::kFdDatasync);
  if (!found) return found.error;
  return success_or_errno(retrying([&] { return ::fdatasync(found->fd.get()); }));
}

Errno fd_advise(State& state, Memory, u32 fd, u64 offset, u64 length, u32 advice) {
  static constexpr int kAdvice[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                    POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  Found found = find(state, fd, rights::kFdAdvise);
  if (!found) return found.error;
  auto at = to_offset(offset);
  auto size = to_offset(length);
  if (advice >= std::size(kAdvice) || !at || !size) return Errno::Inval;
  return errno_of(::posix_fadvise(found->fd.get(), *at, *size, kAdvice[advice]));
}

Errno fd_allocate(State& state, Memory, u32 fd, u64 offset, u64 length) {
  Found found = find_file(state, fd, rights::kFdAllocate);
  if (!found) return found.error;
  auto at = to_offset(offset);
  auto size = to_offset(length);
  if (!at || !size) return Errno::Inval;
  return success_or_errno(retrying([&] { return ::fallocate(found->fd.get(), 0, *at, *size); }));
}

}  // namespace wherry::wasi
