// What the limit of a container's memory leaves to its guest: memory.grow fails above it, which a
// program can deal with, where the kernel would kill. The engine's own memory counts, too.
#pragma once

#include <cstdint>
#include <optional>

#include "os/fd.h"
#include "wasm/format/module.h"

namespace wherry::container {

class MemoryBound {
 public:
  // file: the kernel's, read again each time, for the limit may be changed while the guest runs; none
  // where configured is all there is. What the engine uses is measured now.
  MemoryBound(const wasm::Module& module, os::Fd file, std::optional<std::uint64_t> configured);

  // In pages of the guest's. Does not throw; keeps to the last limit where it can no longer be read.
  std::uint32_t pages();

 private:
  os::Fd file_;
  std::uint64_t limit_;  // bytes
  std::uint64_t engine_bytes_;
  std::uint64_t least_ = 0;  // pages
};

}  // namespace wherry::container
