#include "os/path_at.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace wherry::os {
namespace {

// openat2 answers EAGAIN where a rename raced with "..": somebody else's doing, so a few tries.
constexpr int kRaceRetries = 128;

int open_once(int directory, const char* path, const OpenAt& how) noexcept {
  open_how kernel_how{};
  kernel_how.flags = static_cast<std::uint64_t>(how.flags) | O_CLOEXEC;
  // O_TMPFILE is two bits, one of them O_DIRECTORY's; a mode with neither is refused.
  bool creates = how.flags & O_CREAT || (how.flags & O_TMPFILE) == O_TMPFILE;
  if (creates) kernel_how.mode = how.mode & 07777;
  kernel_how.resolve =
      RESOLVE_NO_MAGICLINKS | (how.scope == Scope::Beneath ? RESOLVE_BENEATH : RESOLVE_IN_ROOT);
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &kernel_how, sizeof kernel_how));
}

struct SplitPath {
  std::string parent;
  std::string name;
  bool trailing_slash;
};

SplitPath split_last(const std::string& path) {
  std::size_t end = path.size();
  while (end > 0 && path[end - 1] == '/') --end;
  bool trailing_slash = end < path.size();
  if (end == 0) return {".", ".", trailing_slash};
  std::size_t slash = path.find_last_of('/', end - 1);
  if (slash == std::string::npos) return {".", path.substr(0, end), trailing_slash};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1, end - slash - 1),
          trailing_slash};
}

}  // namespace

OpenResult try_open_at(int directory, const char* path, const OpenAt& how) noexcept {
  for (int races = 0;;) {
    int fd = open_once(directory, path, how);
    if (fd >= 0) return {Fd(fd), 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN && ++races < kRaceRetries) continue;
    return {Fd(), errno};
  }
}

Fd open_at(int directory, const std::string& path, const OpenAt& how) {
  OpenResult result = try_open_at(directory, path.c_str(), how);
  if (!result.fd.is_open()) fail_errno(result.error, "open '{}'", path);
  return std::move(result.fd);
}

std::pair<std::optional<Parent>, int> try_open_parent(int directory, const std::string& path,
                                                      Scope scope) {
  if (path.empty()) return {std::nullopt, ENOENT};
  if (scope == Scope::Beneath && path[0] == '/') return {std::nullopt, EXDEV};
  SplitPath split = split_last(path);
  OpenResult parent =
      try_open_at(directory, split.parent.c_str(), {.scope = scope, .flags = O_PATH | O_DIRECTORY});
  if (!parent.fd.is_open()) return {std::nullopt, parent.error};
  return {Parent{std::move(parent.fd), std::move(split.name), split.trailing_slash}, 0};
}

Parent open_parent(int directory, const std::string& path, Scope scope) {
  auto [parent, error] = try_open_parent(directory, path, scope);
  if (!parent) fail_errno(error, "open the parent of '{}'", path);
  return std::move(*parent);
}

Fd make_directories(int directory, const std::string& path, mode_t mode, Scope scope) {
  return in_context([&] { return fmt::format("create directory '{}'", path); },
                    [&] {
                      const OpenAt how{.scope = scope, .flags = O_PATH | O_DIRECTORY};
                      // Each prefix is resolved from the root again: a link in it may point
                      // anywhere inside.
                      for (std::size_t end = 0; end != std::string::npos;) {
                        end = path.find('/', end + 1);
                        std::string prefix = path.substr(0, end);
                        OpenResult there = try_open_at(directory, prefix.c_str(), how);
                        if (there.fd.is_open()) continue;
                        if (there.error != ENOENT) fail_errno(there.error, "open '{}'", prefix);
                        Parent parent = open_parent(directory, prefix, scope);
                        if (::mkdirat(parent.directory.get(), parent.name.c_str(), mode) != 0 &&
                            errno != EEXIST) {
                          fail_errno(errno, "mkdir '{}'", prefix);
                        }
                      }
                      return open_at(directory, path, how);
                    });
}

namespace {

// Depth is bounded by what the kernel's own path walk made: each level holds one descriptor.
void remove_tree(int directory, const char* name) {
  if (::unlinkat(directory, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM && errno != ENOTEMPTY)
    fail_errno(errno, "remove '{}'", name);
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  int fd = static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof how));
  if (fd < 0) {
    if (errno == ENOENT) return;
    // A directory that nobody may read can still be empty.
    int open_error = errno;
    if (::unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    if (open_error == EACCES && ::fchmodat(directory, name, 0700, 0) == 0) {
      fd = static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof how));
    }
    if (fd < 0) fail_errno(open_error, "open '{}' to empty it", name);
  }
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
  if (!stream) {
    ::close(fd);
    fail_errno(errno, "read directory '{}'", name);
  }
  for (bool widened = false;;) {
    errno = 0;
    dirent* entry = ::readdir(stream.get());
    if (!entry) {
      if (errno) fail_errno(errno, "read directory '{}'", name);
      break;
    }
    std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    if (!widened) {  // a directory without write permission of its owner hides nothing from removal
      widened = true;
      (void)::fchmod(::dirfd(stream.get()), 0700);
    }
    remove_tree(::dirfd(stream.get()), entry->d_name);
  }
  stream.reset();
  if (::unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
    fail_errno(errno, "remove directory '{}'", name);
  }
}

}  // namespace

void remove_all_at(int directory, const std::string& name) {
  WHERRY_CHECK(name.find('/') == std::string::npos && name != "." && name != "..");
  remove_tree(directory, name.c_str());
}

}  // namespace wherry::os
