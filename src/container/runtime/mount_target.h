// Places in a container's tree, resolved by openat2 with the new root as "/".
#pragma once

#include <string>

#include "os/fd.h"

namespace wherry::container {

bool is_directory(int fd);

// The place for a mount, made where it is missing: a directory, or an empty file for a file. Throws
// Error.
os::Fd make_target(int root, const std::string& path, bool directory);

}  // namespace wherry::container
