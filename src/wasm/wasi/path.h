// Where a guest's path leads.
//
// A path is resolved by the kernel in one step (os/path_at.h), in the scope of the descriptor it is
// relative to. What looks at or opens a file opens exactly what the path names; what makes, removes
// or renames a name opens its parent and acts on the last component, which the kernel does not
// follow.
#pragma once

#include <string>

#include "os/path_at.h"
#include "wasm/wasi/functions.h"

namespace wherry::wasi {

struct Place {
  int directory = -1;  // borrowed from the descriptor
  os::Scope scope = os::Scope::Beneath;
  std::string path;
  Errno error = Errno::Success;
  explicit operator bool() const { return error == Errno::Success; }
};

// From a directory descriptor with all of `needed`.
Place read_place(State& state, Memory memory, u32 fd, Rights needed, u32 path, u32 length);

// The file itself, for looking at it only (O_PATH); the link itself where `lookup` does not follow.
struct Opened {
  os::Fd fd;
  Errno error = Errno::Success;
  explicit operator bool() const { return error == Errno::Success; }
};
Opened open_to_look(const Place& place, u32 lookup) noexcept;

// The parent and the name in it, with a slash where the path ended in one (the kernel then insists
// on a directory). Inval where the path ends in "..": no call that changes names takes it.
struct Name {
  os::Fd directory;
  std::string name;
  bool trailing_slash = false;
  Errno error = Errno::Success;
  explicit operator bool() const { return error == Errno::Success; }
};
Name open_parent(const Place& place);

}  // namespace wherry::wasi
