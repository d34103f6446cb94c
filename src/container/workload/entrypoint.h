// Finding the file a container starts with, in the container's own root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

// Where the file may be, in the order it is looked for. A name with '/' is a path, from cwd where it
// does not begin with '/'. Any other is looked for in the directories of PATH, then in cwd, then in
// "/": images built for other engines name their module so, without PATH in mind.
std::vector<std::string> entrypoint_candidates(const oci::RuntimeProcess& process);

// Opens the first candidate that exists, resolved inside root. Throws Error: NotFound where there is
// none, PermissionDenied, or FailedPrecondition where it is no regular file.
struct Entrypoint {
  os::Fd file;
  std::string path;
};
Entrypoint open_entrypoint(int root, const oci::RuntimeProcess& process);

// Throws Error(FailedPrecondition or Unimplemented) for what is not a WebAssembly binary, saying what
// it is instead where that can be told.
void require_module(ByteSpan bytes, std::string_view path);

}  // namespace wherry::container
