// Paths that somebody else chose, resolved inside a directory by the kernel (openat2, Linux 5.6).
//
// A path that comes from a guest, an image or a bundle is never joined to another as a string: a
// component may be a symbolic link, may change between a check and a use, may be "..". openat2
// resolves the whole of it in one step and refuses, or clamps, what would leave the directory.
//
//   Scope::Beneath  leaving the directory by "..", by an absolute path or by an absolute symbolic
//                   link is an error (EXDEV). WASI's capability rule.
//   Scope::InRoot   the directory acts as "/": absolute paths and links start there, ".." stops
//   there.
//                   What chroot would do. For root file systems.
//
// Magic links (/proc/self/fd/…) are refused in both. Thread safety: everything here is stateless.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "os/fd.h"

namespace wherry::os {

enum class Scope : std::uint8_t { Beneath, InRoot };

struct OpenAt {
  Scope scope = Scope::InRoot;
  int flags = 0;    // O_*; O_CLOEXEC is always added
  mode_t mode = 0;  // with O_CREAT or O_TMPFILE
};

// The outcome for callers that decide on it: a descriptor, or the errno value.
struct OpenResult {
  Fd fd;
  int error = 0;
};
OpenResult try_open_at(int directory, const char* path, const OpenAt& how) noexcept;

// Throws Error "open 'path': …".
Fd open_at(int directory, const std::string& path, const OpenAt& how);

// The directory that holds the last component, and that component, for calls that create, remove or
// rename names: mkdirat, unlinkat, renameat2, symlinkat, linkat. The last component is not
// resolved.
struct Parent {
  Fd directory;
  std::string name;             // never empty; may be "." or ".." where the path ended so
  bool trailing_slash = false;  // the path named a directory by ending in '/'
};
// Errno value on failure (ENOENT for an empty path).
std::pair<std::optional<Parent>, int> try_open_parent(int directory, const std::string& path,
                                                      Scope scope);

// Throws Error "open the parent of 'path': …".
Parent open_parent(int directory, const std::string& path, Scope scope);

// Makes every missing directory of path (mode before umask) and opens the last. Links are resolved
// in scope. Throws Error "create directory 'path': …".
Fd make_directories(int directory, const std::string& path, mode_t mode, Scope scope);

// Removes name in directory and all below it, never following a link, never leaving a mount.
// A name that is not there is success. Throws Error "remove 'name': …".
void remove_all_at(int directory, const std::string& name);

}  // namespace wherry::os
