// The bulk operations on memories and tables.
#include <algorithm>
#include <cstring>

#include "wasm/engine/instance.h"

namespace wherry::wasm {
namespace {

bool fits(std::uint64_t start, std::uint64_t count, std::uint64_t size) {
  return start + count <= size;
}

}  // namespace

std::optional<std::uint32_t> Table::grow(std::uint32_t by, Slot init) {
  const std::uint32_t old = size();
  const std::uint32_t limit =
      std::min(type.limits.max.value_or(kMaxTableElements), kMaxTableElements);
  if (old > limit || by > limit - old) return std::nullopt;
  try {
    elements.resize(std::size_t{old} + by, init);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  update_view();
  return old;
}

TrapKind table_init(Instance& instance, std::uint32_t table, std::uint32_t segment,
                    std::uint32_t to, std::uint32_t from, std::uint32_t count) {
  std::vector<Slot>& elements = instance.tables[table]->elements;
  const std::vector<Slot>& items = instance.element_segments[segment];
  if (!fits(from, count, items.size()) || !fits(to, count, elements.size())) {
    return TrapKind::OutOfBoundsTable;
  }
  std::copy_n(items.begin() + from, count, elements.begin() + to);
  return TrapKind::None;
}

TrapKind table_copy(Table& to_table, Table& from_table, std::uint32_t to, std::uint32_t from,
                    std::uint32_t count) {
  if (!fits(from, count, from_table.elements.size()) ||
      !fits(to, count, to_table.elements.size())) {
    return TrapKind::OutOfBoundsTable;
  }
  if (count > 0) {
    std::memmove(to_table.elements.data() + to, from_table.elements.data() + from,
                 count * sizeof(Slot));
  }
  return TrapKind::None;
}

TrapKind table_fill(Table& table, std::uint32_t at, Slot value, std::uint32_t count) {
  if (!fits(at, count, table.elements.size())) return TrapKind::OutOfBoundsTable;
  std::fill_n(table.elements.begin() + at, count, value);
  return TrapKind::None;
}

TrapKind memory_init(Instance& instance, std::uint32_t segment, std::uint32_t to,
                     std::uint32_t from, std::uint32_t count) {
  const Memory& memory = *instance.memories[0];
  const ByteSpan bytes = instance.data_segments[segment];
  if (!fits(from, count, bytes.size()) || !fits(to, count, memory.size())) {
    return TrapKind::OutOfBoundsMemory;
  }
  if (count > 0) std::memcpy(memory.base() + to, bytes.data() + from, count);
  return TrapKind::None;
}

TrapKind memory_copy(Memory& memory, std::uint32_t to, std::uint32_t from, std::uint32_t count) {
  if (!fits(from, count, memory.size()) || !fits(to, count, memory.size())) {
    return TrapKind::OutOfBoundsMemory;
  }
  std::memmove(memory.base() + to, memory.base() + from, count);
  return TrapKind::None;
}

TrapKind memory_fill(Memory& memory, std::uint32_t at, std::uint32_t value, std::uint32_t count) {
  if (!fits(at, count, memory.size())) return TrapKind::OutOfBoundsMemory;
  std::memset(memory.base() + at, static_cast<int>(value & 0xff), count);
  return TrapKind::None;
}

}  // namespace wherry::wasm
