// A linear memory behind guard pages (core spec 4.2.8).
//
// An effective address is a 32-bit index plus a 32-bit offset, so it is below 8 GiB: that much
// address space is reserved once, only the memory's pages are made accessible, and an access outside
// faults. The base never moves, memory.grow is one mprotect. Another reservation before the base
// catches addresses that a bug might sign-extend.
//
// Thread safety: as the Store's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "wasm/abi/abi.h"
#include "wasm/format/types.h"

namespace wherry::wasm {

class Memory {
 public:
  // cap: pages that grow() never passes, whatever the type allows. now: what it may reach at the
  // moment, asked each time; empty for no such bound; borrowed.
  // Throws Error(ResourceExhausted) where the address space or min pages cannot be had.
  Memory(const MemoryType& type, std::uint32_t cap, const std::function<std::uint32_t()>& now);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::uint8_t* base() const { return view_.base; }
  std::uint32_t pages() const { return pages_; }
  std::uint64_t size() const { return pages_ * kPageSize; }  // bytes
  // For compiled code. Stays where it is.
  abi::MemoryView& view() { return view_; }
  const MemoryType& declared_type() const { return type_; }

  // The old number of pages, or nothing where the limits or the system do not allow it.
  std::optional<std::uint32_t> grow(std::uint32_t by);

  // True where the address is in this memory's reservation, guards included.
  bool reserves(std::uintptr_t address) const;

 private:
  bool make_accessible(std::uint32_t more);

  MemoryType type_;
  std::uint32_t cap_;
  const std::function<std::uint32_t()>& now_;
  std::uint32_t pages_ = 0;
  abi::MemoryView view_;
};

}  // namespace wherry::wasm
