#include "wasm/wasi/strings.h"

namespace wherry::wasi {

Errno environ_get(State& state, Memory memory, u32 pointers, u32 buffer) {
  return give_strings(memory, state.environment, pointers, buffer);
}

Errno environ_sizes_get(State& state, Memory memory, u32 count_out, u32 bytes_out) {
  return give_sizes(memory, state.environment, count_out, bytes_out);
}

}  // namespace wherry::wasi
