// Which file a descriptor is and which version of it: the same as before, and nobody has written to it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace wherry::wasm {

// A name of digits, dots and dashes.
struct FileIdentity {
  std::string text;
  bool operator==(const FileIdentity&) const = default;
};

// By file system, inode number, size, and when its contents and its inode changed last. The number of an
// overlay's device is anybody's after it is unmounted: its layers stand for it; that of another file system counts
// until the next boot. process: in whose mount namespace it was opened, 0 for this one.
//
// Nothing where the file has been changed so lately that a second change may bear the same time, or where
// its file system cannot be told.
std::optional<FileIdentity> identify_file(int file, pid_t process);

}  // namespace wherry::wasm
