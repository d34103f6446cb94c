#include "wasm/wasi/strings.h"

#include <algorithm>

namespace wherry::wasi {

Errno give_strings(Memory memory, const StringList& list, u32 pointers, u32 buffer) {
  auto table = memory.bytes(pointers, list.offsets.size() * sizeof(u32));
  auto bytes = memory.bytes(buffer, list.bytes.size());
  if (!table || !bytes) return Errno::Fault;
  std::uint8_t* row = table->data();
  for (u32 offset : list.offsets) {
    store_little<u32>(row, buffer + offset);
    row += sizeof(u32);
  }
  std::copy(list.bytes.begin(), list.bytes.end(), bytes->begin());
  return Errno::Success;
}

Errno give_sizes(Memory memory, const StringList& list, u32 count_out, u32 bytes_out) {
  if (Errno error = give(memory, count_out, static_cast<u32>(list.offsets.size()));
      error != Errno::Success) {
    return error;
  }
  return give(memory, bytes_out, static_cast<u32>(list.bytes.size()));
}

}  // namespace wherry::wasi
