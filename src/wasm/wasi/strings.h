// The form in which arguments and environment reach a guest: pointers, and the strings themselves.
#pragma once

#include "wasm/wasi/functions.h"

namespace wherry::wasi {

Errno give_strings(Memory memory, const StringList& list, u32 pointers, u32 buffer);
Errno give_sizes(Memory memory, const StringList& list, u32 count_out, u32 bytes_out);

}  // namespace wherry::wasi
