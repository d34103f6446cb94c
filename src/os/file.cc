#include "os/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/bytes.h"
#include "base/error.h"

namespace wherry::os {

void write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t written = sys([&] { return ::write(fd, bytes.data(), bytes.size()); }, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::size_t file_size(int fd) {
  struct stat status{};
  sys([&] { return ::fstat(fd, &status); }, "stat");
  return static_cast<std::size_t>(status.st_size);
}

std::size_t read_full(int fd, std::span<std::uint8_t> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    ssize_t got =
        sys([&] { return ::read(fd, buffer.data() + filled, buffer.size() - filled); }, "read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

std::optional<std::string> read_file_if_exists(int directory, const std::string& name,
                                               std::size_t limit) {
  Fd file(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail_errno(errno, "read '{}'", name);
  }
  return in_context([&] { return fmt::format("read '{}'", name); },
                    [&] {
                      struct stat info{};
                      sys([&] { return ::fstat(file.get(), &info); }, "stat");
                      std::string contents;
                      contents.resize(std::min(limit, static_cast<std::size_t>(info.st_size)) + 1);
                      for (std::size_t filled = 0;;) {
                        filled += read_full(
                            file.get(), {reinterpret_cast<std::uint8_t*>(contents.data()) + filled,
                                         contents.size() - filled});
                        if (filled < contents.size()) {
                          contents.resize(filled);
                          return contents;
                        }
                        if (filled > limit)
                          fail(ErrorKind::InvalidArgument, "larger than {} bytes", limit);
                        contents.resize(std::min(limit, contents.size() * 2) +
                                        1);  // it grew, or has no known size
                      }
                    });
}

std::string read_file(int directory, const std::string& name, std::size_t limit) {
  auto contents = read_file_if_exists(directory, name, limit);
  if (!contents) fail_errno(ENOENT, "read '{}'", name);
  return std::move(*contents);
}

void replace_file(int directory, const std::string& name, std::string_view contents, mode_t mode) {
  in_context([&] { return fmt::format("write '{}'", name); },
             [&] {
               // One writer at a time: what a killed one left is simply written again.
               std::string next = "." + name + ".new";
               Fd file(sys(
                   [&] {
                     return ::openat(directory, next.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
                   },
                   "create"));
               write_all(file.get(), as_bytes(contents));
               sys([&] { return ::fsync(file.get()); }, "sync");
               sys([&] { return ::renameat(directory, next.c_str(), directory, name.c_str()); },
                   "rename");
               sys([&] { return ::fsync(directory); }, "sync its folder");
             });
}

void put_file(const std::string& path, std::string_view contents, mode_t mode) {
  std::string next = path + "." + unique_name();
  in_context(
      [&] { return fmt::format("write '{}'", path); },
      [&] {
        Fd file(
            sys([&] { return ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode); },
                "create"));
        struct Undo {
          const std::string& next;
          bool armed = true;
          ~Undo() {
            if (armed) ::unlink(next.c_str());
          }
        } undo{next};
        write_all(file.get(), as_bytes(contents));
        sys([&] { return ::rename(next.c_str(), path.c_str()); }, "rename");
        undo.armed = false;
      });
}

namespace {

std::optional<Fd> take_lock(int directory, const std::string& name, Lock lock, int how) {
  Fd file(sys([&] { return ::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); },
              "lock '{}'", name));
  int operation = (lock == Lock::Shared ? LOCK_SH : LOCK_EX) | how;
  for (;;) {
    if (::flock(file.get(), operation) == 0) return file;
    if (errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) fail_errno(errno, "lock '{}'", name);
  }
}

}  // namespace

Fd lock_file(int directory, const std::string& name, Lock lock) {
  return std::move(*take_lock(directory, name, lock, 0));
}

std::optional<Fd> try_lock_file(int directory, const std::string& name, Lock lock) {
  return take_lock(directory, name, lock, LOCK_NB);
}

std::string unique_name() {
  std::uint64_t random[2];
  sys([&] { return ::getrandom(random, sizeof random, 0); }, "get random bytes");
  return fmt::format("{:016x}{:016x}", random[0], random[1]);
}

}  // namespace wherry::os
