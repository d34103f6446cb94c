#include "os/copy_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "os/fd.h"

namespace wherry::os {
namespace {

std::vector<std::string> names_in(int directory) {
  // fdopendir takes its descriptor over, and its place in the directory.
  int own = sys([&] { return ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
                "open the directory");
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own), ::closedir);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  return names;
}

void copy_bytes(int from, int to) {
  std::array<char, 65536> buffer;
  for (;;) {
    ssize_t got = sys([&] { return ::read(from, buffer.data(), buffer.size()); }, "read");
    if (got == 0) return;
    for (ssize_t done = 0; done < got;) {
      done += sys(
          [&] {
            return ::write(to, &buffer[static_cast<std::size_t>(done)],
                           static_cast<std::size_t>(got - done));
          },
          "write");
    }
  }
}

void copy_entry(int from, int to, const char* name) {
  struct stat status{};
  sys([&] { return ::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW); }, "stat");
  constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR: {
      sys([&] { return ::mkdirat(to, name, 0700); }, "make a directory");
      Fd source(sys([&] { return ::openat(from, name, kRead | O_DIRECTORY); }, "open"));
      Fd copy(sys([&] { return ::openat(to, name, kRead | O_DIRECTORY); }, "open the copy"));
      copy_contents(source.get(), copy.get());
      break;
    }
    case S_IFREG: {
      Fd source(sys([&] { return ::openat(from, name, kRead); }, "open"));
      Fd copy(sys([&] { return ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); },
                  "create"));
      copy_bytes(source.get(), copy.get());
      break;
    }
    case S_IFLNK: {
      std::array<char, PATH_MAX> target{};
      sys([&] { return ::readlinkat(from, name, target.data(), target.size() - 1); },
          "read a link");
      sys([&] { return ::symlinkat(target.data(), to, name); }, "make a link");
      break;
    }
    case S_IFSOCK:
      return;
    default:
      if (::mknodat(to, name, status.st_mode, status.st_rdev) != 0) {
        if (errno == EPERM) return;
        fail_errno(errno, "make a node");
      }
  }
  sys([&] { return ::fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW); },
      "give it to user {}", status.st_uid);
  if (!S_ISLNK(status.st_mode)) {
    sys([&] { return ::fchmodat(to, name, status.st_mode & 07777, 0); }, "set its mode");
  }
  const std::array times = {status.st_atim, status.st_mtim};
  sys([&] { return ::utimensat(to, name, times.data(), AT_SYMLINK_NOFOLLOW); }, "set its times");
}

}  // namespace

void copy_contents(int from, int to) {
  for (const std::string& name : names_in(from)) {
    in_context([&] { return fmt::format("copy '{}'", name); },
               [&] { copy_entry(from, to, name.c_str()); });
  }
}

}  // namespace wherry::os
