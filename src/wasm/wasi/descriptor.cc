#include "wasm/wasi/descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace wherry::wasi {
namespace {

Filetype socket_type(int fd) noexcept {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return Filetype::Unknown;
  return type == SOCK_DGRAM ? Filetype::SocketDatagram : Filetype::SocketStream;
}

Rights rights_of(Filetype type, int fd) noexcept {
  switch (type) {
    case Filetype::Directory:
      return rights::kDirectory;
    case Filetype::CharacterDevice:
      return ::isatty(fd) ? rights::kStream : rights::kFile;
    case Filetype::SocketDatagram:
    case Filetype::SocketStream:
      return rights::kSocket;
    default:
      return rights::kFile;
  }
}

}  // namespace

Filetype filetype_of_mode(std::uint32_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return Filetype::RegularFile;
    case S_IFDIR:
      return Filetype::Directory;
    case S_IFLNK:
      return Filetype::SymbolicLink;
    case S_IFCHR:
      return Filetype::CharacterDevice;
    case S_IFBLK:
      return Filetype::BlockDevice;
    case S_IFSOCK:
      return Filetype::SocketStream;
    default:
      return Filetype::Unknown;
  }
}

Descriptor describe(os::Fd fd, const struct stat& status) {
  Descriptor descriptor;
  descriptor.type =
      S_ISSOCK(status.st_mode) ? socket_type(fd.get()) : filetype_of_mode(status.st_mode);
  descriptor.base = rights_of(descriptor.type, fd.get());
  if (descriptor.type == Filetype::Directory) descriptor.inheriting = rights::kDirectoryInheriting;
  if (descriptor.base & rights::kSockAccept) descriptor.inheriting = rights::kSocket;
  descriptor.fd = std::move(fd);
  return descriptor;
}

Descriptor describe_inherited(os::Fd fd) {
  struct stat status;
  sys([&] { return ::fstat(fd.get(), &status); }, "stat an open file");
  int host_flags = sys([&] { return ::fcntl(fd.get(), F_GETFL); }, "flags of an open file");
  Descriptor descriptor = describe(std::move(fd), status);
  if (host_flags & O_APPEND) descriptor.flags |= fdflags::kAppend;
  if (host_flags & O_NONBLOCK) descriptor.flags |= fdflags::kNonblock;
  if (host_flags & O_DSYNC) descriptor.flags |= fdflags::kDsync;
  if ((host_flags & O_SYNC) == O_SYNC) descriptor.flags |= fdflags::kSync;
  return descriptor;
}

std::optional<std::uint32_t> DescriptorTable::insert(Descriptor descriptor) {
  for (std::uint32_t number = 0; number < slots_.size(); ++number) {
    if (slots_[number]) continue;
    slots_[number] = std::move(descriptor);
    return number;
  }
  if (slots_.size() >= limit_) return std::nullopt;
  slots_.push_back(std::move(descriptor));
  return static_cast<std::uint32_t>(slots_.size() - 1);
}

void DescriptorTable::put(std::uint32_t number, Descriptor descriptor) {
  if (slots_.size() <= number) slots_.resize(number + 1);
  WHERRY_CHECK(!slots_[number]);
  slots_[number] = std::move(descriptor);
}

Errno DescriptorTable::renumber(std::uint32_t from, std::uint32_t to) {
  if (!find(from) || !find(to)) return Errno::Badf;
  if (from == to) return Errno::Success;
  slots_[to] = std::move(slots_[from]);
  slots_[from].reset();
  return Errno::Success;
}

Errno DescriptorTable::close(std::uint32_t number) {
  Descriptor* descriptor = find(number);
  if (!descriptor) return Errno::Badf;
  int fd = descriptor->fd.release();
  slots_[number].reset();
  // Linux lets go of the descriptor even where close() is interrupted.
  if (::close(fd) != 0 && errno != EINTR) return errno_of(errno);
  return Errno::Success;
}

}  // namespace wherry::wasi
