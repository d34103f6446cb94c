// The bytes of a whole file, mapped: what is never read (a module's debug sections) costs nothing.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"

namespace wherry {

// Stays mapped until the process ends. Throws Error "open 'path': …".
inline ByteSpan map_file(const char* path) {
  const os::Fd file(sys([&] { return ::open(path, O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
  struct stat status;
  sys([&] { return ::fstat(file.get(), &status); }, "stat '{}'", path);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) fail_errno(errno, "map '{}'", path);
  return {static_cast<const std::uint8_t*>(at), size};
}

}  // namespace wherry
