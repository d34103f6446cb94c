// What this process may still do, once it has its descriptors: use memory and processors up to a limit, read
// and write what is open, and talk to the guest it compiles for. A module that makes the compiler err finds
// nothing to reach and nobody to talk to.
#pragma once

#include <cstdint>
#include <span>

namespace wherry::compile {

struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{1536} << 20;
  unsigned seconds = 20 * 60;
  std::uint64_t file_bytes = std::uint64_t{1} << 30;  // that are written
  int nice = 0;                                       // added to what it is
};

// For good. keep: descriptors that stay open, besides 0, 1 and 2. Reaching a limit ends the process with one
// line on standard error. Requires: one thread; of the module's bytes none was read. Throws Error.
void confine(std::span<const int> keep, const Limits& limits, unsigned threads);

}  // namespace wherry::compile
