#include "wasm/engine/trap.h"

#include <fmt/format.h>

namespace wherry::wasm {

std::string_view to_string(TrapKind kind) {
  switch (kind) {
    case TrapKind::None:
      return "no trap";
    case TrapKind::Unreachable:
      return "unreachable";
    case TrapKind::OutOfBoundsMemory:
      return "out of bounds memory access";
    case TrapKind::OutOfBoundsTable:
      return "out of bounds table access";
    case TrapKind::UndefinedElement:
      return "undefined element";
    case TrapKind::UninitializedElement:
      return "uninitialized element";
    case TrapKind::IndirectCallTypeMismatch:
      return "indirect call type mismatch";
    case TrapKind::IntegerDivideByZero:
      return "integer divide by zero";
    case TrapKind::IntegerOverflow:
      return "integer overflow";
    case TrapKind::InvalidConversion:
      return "invalid conversion to integer";
    case TrapKind::StackExhausted:
      return "call stack exhausted";
  }
  return "unknown trap";
}

std::string to_string(const Trap& trap) {
  std::string text = fmt::format("trap: {}", to_string(trap.kind));
  std::size_t innermost = trap.omitted > 0 ? trap.backtrace.size() / 2 : trap.backtrace.size();
  for (std::size_t i = 0; i < trap.backtrace.size(); ++i) {
    if (i == innermost) text += fmt::format("\n  ... {} more frames", trap.omitted);
    const TrapFrame& frame = trap.backtrace[i];
    text += frame.name.empty() ? fmt::format("\n  at function {}", frame.function)
                               : fmt::format("\n  at {} (function {})", frame.name, frame.function);
  }
  return text;
}

}  // namespace wherry::wasm
