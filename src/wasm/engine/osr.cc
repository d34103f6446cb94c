#include "wasm/engine/osr.h"

#include "base/error.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/interp/control.h"

namespace wherry::wasm {
namespace {

std::size_t slots_of_values(const LoopEntry& entry) {
  std::size_t slots = 0;
  for (const interp::Place& value : entry.values) slots += slots_of(value.type);
  return slots;
}

}  // namespace

const interp::FunctionLoops& loops_of(Store::Impl& store, const Function& function) {
  auto found = store.loops.find(&function);
  if (found == store.loops.end()) {
    found = store.loops.emplace(&function, interp::find_loops(store, function)).first;
  }
  return found->second;
}

std::optional<std::uint32_t> loop_at(Store::Impl& store, const Function& function, const Slot* pc) {
  if (!function.translated || pc < function.translated) return std::nullopt;
  const auto at = static_cast<std::size_t>(pc - function.translated);
  const std::vector<interp::LoopHead>& loops = loops_of(store, function).loops;
  std::optional<std::uint32_t> innermost;
  for (std::uint32_t i = 0; i < loops.size(); ++i) {
    // One that is inside another comes after it.
    if (loops[i].is_reachable && loops[i].start <= at && at < loops[i].end) innermost = i;
  }
  return innermost;
}

void publish_loops(Store::Impl& store, Instance& instance, const Artifact& artifact,
                   std::uint32_t passes) {
  for (std::size_t i = 0; i < artifact.loops(); ++i) {
    const Artifact::Loop loop = artifact.loop(i);
    instance.native_loops.insert_or_assign(loop.loop, loop.code);
    instance.moves[loop.loop.function] = 1;
    const Function& function = instance.own_functions[loop.loop.function];
    if (!function.translated) continue;
    const interp::FunctionLoops& known = loops_of(store, function);
    if (loop.loop.ordinal >= known.loops.size()) continue;
    const interp::LoopHead& head = known.loops[loop.loop.ordinal];
    if (!head.is_reachable) continue;
    // The arena's words are the Store's own.
    auto* at = const_cast<Slot*>(function.translated + head.start);
    LoopEntry entry{.function = &function, .code = loop.code, .values = known.locals};
    entry.values.insert(entry.values.end(), head.operands.begin(), head.operands.end());
    entry.passes = passes;
    // Two loops with nothing between their heads have one.
    const auto before = store.loop_entries.find(at);
    entry.original = before != store.loop_entries.end() ? before->second.original
                                                        : reinterpret_cast<interp::Handler>(*at);
    store.loop_entries.insert_or_assign(at, std::move(entry));
    *at = reinterpret_cast<Slot>(&interp::enter_loop);
  }
}

LoopEntry& loop_entry(Store::Impl& store, const Slot* pc) {
  return store.loop_entries.find(pc)->second;
}

LoopRun run_loop(interp::Context& context, LoopEntry& entry, Slot* fp) noexcept {
  const Function& function = *entry.function;
  // The values wait at the far end of the stack: what the code calls may use the frame, and the code has read
  // them by then.
  const auto frame_slots = static_cast<std::int32_t>(function.translated[1] >> 32);
  const std::size_t slots = slots_of_values(entry);
  if (static_cast<std::size_t>(context.stack_end - fp) <
      static_cast<std::size_t>(frame_slots) + slots) {
    return LoopRun::NotEntered;
  }
  Slot* const values = context.stack_end - slots;
  Slot* to = values;
  for (const interp::Place& value : entry.values) {
    const Slot* from = value.is_constant ? value.bits : fp + value.slot;
    for (std::uint32_t i = 0; i < slots_of(value.type); ++i) *to++ = from[i];
  }
  const auto left = stay_in_compiled(context, fp, entry.code, function.instance->layout.get(),
                                     values, fp - function.argument_slots);
  if (!left) return LoopRun::NotEntered;
  return *left ? LoopRun::Left : LoopRun::Returned;
}

}  // namespace wherry::wasm
