// A step is what one instruction does; a handler runs one, or several that stand one behind the other.
//
// run() leaves in pc, fp and mem what the next instruction starts with, and returns false where the
// instruction trapped. A step that branches has taken() instead, and kWords to the instruction behind it.
// Steps are composed by the compiler: what is between two of them is neither a jump nor a load of
// a handler's address, and each finds its operands where its own instruction has them. run() and taken() are
// WHERRY_INLINED.
#pragma once

#include "wasm/engine/interp/handler.h"

namespace wherry::wasm::interp {

#define WHERRY_STEP_PARAMETERS                                                \
  [[maybe_unused]] const Slot *&pc, [[maybe_unused]] Slot *&fp,               \
      [[maybe_unused]] std::uint8_t *&mem, [[maybe_unused]] Context *context, \
      [[maybe_unused]] std::uint64_t &acc, [[maybe_unused]] Vec &vacc

// As WHERRY_TRAP, of a step.
#define WHERRY_STEP_TRAP(trap_kind) \
  do {                              \
    context->trap = (trap_kind);    \
    context->trap_frame = fp;       \
    return false;                   \
  } while (false)

// Whether what stands behind the instruction is never next.
template <typename Step>
concept Ending = requires { Step::kEnds; };

template <typename Step>
concept Branching = requires { &Step::taken; };

template <typename Step, typename... Rest>
WHERRY_HANDLER_CC WHERRY_INLINED void handler(WHERRY_HANDLER_PARAMETERS) {
  if constexpr (Branching<Step>) {
    // Two jumps, which are predicted apart.
    if (Step::taken(pc, fp, mem, context, acc, vacc)) WHERRY_GO(pc + Step::distance(pc));
    pc += Step::kWords;
  } else {
    if (!Step::run(pc, fp, mem, context, acc, vacc)) return;
  }
  if constexpr (sizeof...(Rest) == 0) {
    WHERRY_GO(pc);
  } else {
    WHERRY_TAIL handler<Rest...>(pc, fp, mem, context, acc, vacc);
  }
}

}  // namespace wherry::wasm::interp
