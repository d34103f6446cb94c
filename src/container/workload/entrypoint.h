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

// A file's bytes, mapped. Whoever cuts the file meanwhile ends the process that reads on.
class MappedFile {
 public:
  // Throws Error where the file is larger than max_bytes.
  MappedFile(const os::Fd& file, std::size_t max_bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ByteSpan bytes() const { return bytes_; }

 private:
  ByteSpan bytes_;
};

// Throws Error(FailedPrecondition or Unimplemented) for what is not a WebAssembly binary, saying what
// it is instead where that can be told.
void require_module(ByteSpan bytes, std::string_view path);

}  // namespace wherry::container
