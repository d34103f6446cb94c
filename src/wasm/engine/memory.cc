#include "wasm/engine/memory.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/error.h"

namespace wherry::wasm {
namespace {

constexpr std::uint64_t kGuardBefore = std::uint64_t{2} << 30;
// Index and offset up to 2^32 - 1 each, then an access of up to 16 bytes.
constexpr std::uint64_t kReserveFromBase = (std::uint64_t{8} << 30) + kPageSize;

}  // namespace

Memory::Memory(const MemoryType& type, std::uint32_t cap, const std::function<std::uint32_t()>& now)
    : type_(type),
      cap_(std::min({cap, kMaxPages, type.limits.max.value_or(kMaxPages)})),
      now_(now) {
  if (type.limits.min > std::min(cap, kMaxPages)) {
    fail(ErrorKind::ResourceExhausted, "memory of {} pages is above the limit of {} pages",
         type.limits.min, std::min(cap, kMaxPages));
  }
  void* at = ::mmap(nullptr, kGuardBefore + kReserveFromBase, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    fail_errno(errno, "reserve {} GiB of address space for a memory",
               (kGuardBefore + kReserveFromBase) >> 30);
  }
  view_.base = static_cast<std::uint8_t*>(at) + kGuardBefore;
  if (!make_accessible(type.limits.min)) {
    int error = errno;
    ::munmap(at, kGuardBefore + kReserveFromBase);
    fail_errno(error, "make a memory of {} pages", type.limits.min);
  }
}

Memory::~Memory() { ::munmap(view_.base - kGuardBefore, kGuardBefore + kReserveFromBase); }

std::optional<std::uint32_t> Memory::grow(std::uint32_t by) {
  std::uint32_t old = pages_;
  if (by > cap_ - old) return std::nullopt;
  if (by > 0 && now_ && std::uint64_t{old} + by > now_()) return std::nullopt;
  if (!make_accessible(by)) return std::nullopt;
  return old;
}

bool Memory::make_accessible(std::uint32_t more) {
  if (more > 0 &&
      ::mprotect(view_.base + pages_ * kPageSize, more * kPageSize, PROT_READ | PROT_WRITE) != 0) {
    return false;
  }
  pages_ += more;
  view_.bytes = size();
  return true;
}

bool Memory::reserves(std::uintptr_t address) const {
  std::uintptr_t start = reinterpret_cast<std::uintptr_t>(view_.base) - kGuardBefore;
  return address - start < kGuardBefore + kReserveFromBase;
}

}  // namespace wherry::wasm
