#include "container/runtime/mount_target.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"
#include "os/path_at.h"

namespace wherry::container {

bool is_directory(int fd) {
  struct stat status{};
  sys([&] { return ::fstat(fd, &status); }, "stat a mount");
  return S_ISDIR(status.st_mode);
}

os::Fd make_target(int root, const std::string& path, bool directory) {
  if (directory) return os::make_directories(root, path, 0755, os::Scope::InRoot);
  os::OpenResult there = os::try_open_at(root, path.c_str(), {.flags = O_PATH});
  if (there.fd.is_open()) return std::move(there.fd);
  if (there.error != ENOENT) fail_errno(there.error, "open '{}'", path);
  std::size_t slash = path.find_last_of('/');
  if (slash != 0 && slash != std::string::npos) {
    os::make_directories(root, path.substr(0, slash), 0755, os::Scope::InRoot);
  }
  return os::open_at(root, path, {.flags = O_WRONLY | O_CREAT | O_NOFOLLOW, .mode = 0644});
}

}  // namespace wherry::container
