// The four socket functions of preview 1, for sockets the guest was given or accepted.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {
namespace {

constexpr u32 kReceivePeek = 1, kReceiveWaitAll = 2;
constexpr u32 kShutdownRead = 1, kShutdownWrite = 2;
constexpr std::uint16_t kReceivedTruncated = 1;

msghdr message_of(const Vectors& buffers) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(buffers.data());
  message.msg_iovlen = static_cast<std::size_t>(buffers.size());
  return message;
}

}  // namespace

Errno sock_accept(State& state, Memory memory, u32 fd, u32 flags, u32 fd_out) {
  if (flags & ~u32{fdflags::kNonblock}) return Errno::Inval;
  Found found = find_socket(state, fd, rights::kSockAccept);
  if (!found) return found.error;
  if (!memory.bytes(fd_out, sizeof(u32))) return Errno::Fault;
  int host_flags = SOCK_CLOEXEC | (flags & fdflags::kNonblock ? SOCK_NONBLOCK : 0);
  os::Fd accepted(
      retrying([&] { return ::accept4(found->fd.get(), nullptr, nullptr, host_flags); }));
  if (!accepted.is_open()) return errno_of(errno);
  struct stat status;
  if (::fstat(accepted.get(), &status) != 0) return errno_of(errno);
  Descriptor descriptor = describe(std::move(accepted), status);
  descriptor.base &= found->inheriting;
  descriptor.inheriting &= found->inheriting;
  descriptor.flags = static_cast<std::uint16_t>(flags);
  auto number = state.descriptors.insert(std::move(descriptor));
  if (!number) return Errno::Mfile;
  return give(memory, fd_out, *number);
}

Errno sock_recv(State& state, Memory memory, u32 fd, u32 vectors, u32 count, u32 flags,
                u32 read_out, u32 flags_out) {
  if (flags & ~(kReceivePeek | kReceiveWaitAll)) return Errno::Inval;
  Found found = find_socket(state, fd, rights::kFdRead);
  if (!found) return found.error;
  if (!memory.bytes(read_out, sizeof(u32)) || !memory.bytes(flags_out, sizeof(std::uint16_t))) {
    return Errno::Fault;
  }
  Vectors buffers;
  if (Errno error = buffers.read(memory, vectors, count); error != Errno::Success) return error;
  msghdr message = message_of(buffers);
  int host_flags = MSG_CMSG_CLOEXEC | (flags & kReceivePeek ? MSG_PEEK : 0) |
                   (flags & kReceiveWaitAll ? MSG_WAITALL : 0);
  ssize_t got = retrying([&] { return ::recvmsg(found->fd.get(), &message, host_flags); });
  if (got < 0) return errno_of(errno);
  std::uint16_t out_flags = message.msg_flags & MSG_TRUNC ? kReceivedTruncated : 0;
  memory.store(flags_out, out_flags);
  return give(memory, read_out, static_cast<u32>(got));
}

Errno sock_send(State& state, Memory memory, u32 fd, u32 vectors, u32 count, u32 flags,
                u32 written_out) {
  if (flags != 0) return Errno::Inval;
  Found found = find_socket(state, fd, rights::kFdWrite);
  if (!found) return found.error;
  if (!memory.bytes(written_out, sizeof(u32))) return Errno::Fault;
  Vectors buffers;
  if (Errno error = buffers.read(memory, vectors, count); error != Errno::Success) return error;
  msghdr message = message_of(buffers);
  ssize_t sent = retrying([&] { return ::sendmsg(found->fd.get(), &message, MSG_NOSIGNAL); });
  if (sent < 0) return errno_of(errno);
  return give(memory, written_out, static_cast<u32>(sent));
}

Errno sock_shutdown(State& state, Memory, u32 fd, u32 how) {
  static constexpr int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  Found found = find_socket(state, fd, rights::kSockShutdown);
  if (!found) return found.error;
  if (how == 0 || how > (kShutdownRead | kShutdownWrite)) return Errno::Inval;
  return success_or_errno(::shutdown(found->fd.get(), kHow[how - 1]));
}

}  // namespace wherry::wasi
