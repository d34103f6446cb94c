// On-stack replacement: an interpreted function that is inside a loop goes on compiled, at the loop's head.
//
// The head's instruction gets another handler, which nobody else pays for. It puts locals and operand stack into
// slots, runs code that was made to begin there (compiler/lower_osr.cc), and returns for the function.
#pragma once

#include <map>
#include <optional>

#include "wasm/artifact/artifact.h"
#include "wasm/engine/interp/translate.h"
#include "wasm/engine/store.h"

namespace wherry::wasm {

struct LoopEntry {
  const Function* function = nullptr;
  const void* code = nullptr;
  std::vector<interp::Place> values;   // locals, then the operand stack
  interp::Handler original = nullptr;  // of the head's instruction
  std::uint32_t passes = 0;  // how often the head is still to be passed as if nothing were here
};

// It remembers what it finds out. Requires: the function was translated.
const interp::FunctionLoops& loops_of(Store::Impl& store, const Function& function);

// Which loop of the function control is in at pc, the innermost if several; none where it is in none, or pc is
// not in the function's instructions.
std::optional<std::uint32_t> loop_at(Store::Impl& store, const Function& function, const Slot* pc);

// Lets the artifact's loops be entered where their functions were translated. Requires: it was published.
// passes: LoopEntry's.
void publish_loops(Store::Impl& store, Instance& instance, const Artifact& artifact,
                   std::uint32_t passes);

// At the loop's head in the frame fp. As run_compiled(); NotEntered where the stack has no room for it.
enum class LoopRun : std::uint8_t { NotEntered, Returned, Left };
LoopRun run_loop(interp::Context& context, LoopEntry& entry, Slot* fp) noexcept;

LoopEntry& loop_entry(Store::Impl& store, const Slot* pc);

}  // namespace wherry::wasm
