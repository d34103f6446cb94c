// What stops a guest: the kinds of trap, and where the guest was (core spec 4.2.13).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::wasm {

enum class TrapKind : std::uint8_t {
  None = 0,
  Unreachable,
  OutOfBoundsMemory,
  OutOfBoundsTable,
  UndefinedElement,
  UninitializedElement,
  IndirectCallTypeMismatch,
  IntegerDivideByZero,
  IntegerOverflow,
  InvalidConversion,
  StackExhausted,
};

// The specification's words: "out of bounds memory access", "call stack exhausted".
std::string_view to_string(TrapKind kind);

struct TrapFrame {
  std::uint32_t function = 0;  // index in its module
  std::string name;            // empty where the module names none
};

struct Trap {
  TrapKind kind = TrapKind::None;
  std::vector<TrapFrame> backtrace;  // innermost first; a very deep one has its middle left out
  std::uint64_t omitted = 0;         // how many frames were left out
};

// What the container's stderr shows:
//   trap: integer divide by zero
//     at divide (function 12)
//     at _start (function 3)
std::string to_string(const Trap& trap);

}  // namespace wherry::wasm
