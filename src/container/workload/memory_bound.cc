#include "container/workload/memory_bound.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "os/cgroup.h"
#include "wasm/format/types.h"

namespace wherry::container {

MemoryBound::MemoryBound(const wasm::Module& module, os::Fd file,
                         std::optional<std::uint64_t> configured)
    : file_(std::move(file)), limit_(configured.value_or(~std::uint64_t{0})) {
  constexpr std::uint64_t kForCalls = 1u << 20;  // the guest's stack, and the kernel's own for us
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  engine_bytes_ = static_cast<std::uint64_t>(used.ru_maxrss) * 1024 + kForCalls;
  // What is asked for at the start is given: much of it may never be touched.
  for (const wasm::MemoryType& memory : module.memories) {
    least_ = std::max<std::uint64_t>(least_, memory.limits.min);
  }
}

std::uint32_t MemoryBound::pages() {
  char buffer[32];
  ssize_t got = file_.is_open() ? ::pread(file_.get(), buffer, sizeof buffer, 0) : -1;
  if (got > 0 && buffer[got - 1] == '\n') --got;
  if (got > 0) {
    auto now = os::parse_cgroup_number({buffer, static_cast<std::size_t>(got)});
    if (now) limit_ = *now;
  }
  std::uint64_t left = limit_ > engine_bytes_ ? (limit_ - engine_bytes_) / wasm::kPageSize : 0;
  constexpr std::uint64_t kMost = 65536;
  return static_cast<std::uint32_t>(std::min(std::max(left, least_), kMost));
}

}  // namespace wherry::container
