// What is known about a file, in the two layouts guests expect, and the times they may set.
#pragma once

#include <sys/stat.h>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {

// type overrides what the mode says: a socket's kind is not in it.
Errno give_filestat(Memory memory, u32 out, const struct stat& status, Filetype type);

// The structure of wasi_unstable: 56 bytes, the link count a u32.
Errno give_unstable_filestat(Memory memory, u32 out, const struct stat& status, Filetype type);

// For utimensat(). Inval where a time is asked for in two ways, or a flag is unknown.
Errno read_times(u64 access, u64 modification, u32 flags, timespec (&times)[2]);

}  // namespace wherry::wasi
