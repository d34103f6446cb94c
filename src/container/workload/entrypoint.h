// Finding the file a container starts with, in the container's own root.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "container/runtime/entrypoint_file.h"
#include "oci/runtime_config.h"
#include "os/fd.h"

namespace wherry::container {

// Opens the first candidate that exists, resolved inside root. Throws Error: NotFound where there is
// none, PermissionDenied, or FailedPrecondition where it is no regular file.
struct Entrypoint {
  os::Fd file;
  std::string path;
  std::string function;  // empty for `_start`
};
Entrypoint open_entrypoint(int root, const oci::RuntimeProcess& process);

// Throws Error(FailedPrecondition or Unimplemented) for what is not a WebAssembly binary, saying what
// it is instead where that can be told.
void require_module(ByteSpan bytes, std::string_view path);

}  // namespace wherry::container
