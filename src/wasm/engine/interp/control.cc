#include "wasm/engine/interp/control.h"

#include "wasm/engine/compiled.h"
#include "wasm/engine/execute.h"
#include "wasm/engine/osr.h"

namespace wherry::wasm::interp {
namespace {

template <typename T>
T* pointer_at(const Slot* pc, int word) {
  return reinterpret_cast<T*>(pc[word]);
}
Function* function_of(const Slot* fp) { return reinterpret_cast<Function*>(fp[kFunction]); }
std::uint32_t u32_at(const Slot* fp, std::int64_t slot) {
  return get_slot<std::uint32_t>(fp, slot);
}

template <Class cls, Dest dest>
void put_class(const Slot* pc, Slot* fp, std::uint64_t& acc, Vec& vacc, const Slot* from) {
  if constexpr (cls == Class::Int) {
    put<std::uint64_t, dest>(pc, fp, acc, vacc, *from);
  } else if constexpr (cls == Class::Float) {
    put<double, dest>(pc, fp, acc, vacc, get_slot<double>(from, 0));
  } else {
    put<Vec, dest>(pc, fp, acc, vacc, get_slot<Vec>(from, 0));
  }
}

}  // namespace

WHERRY_HANDLER_CC void enter(WHERRY_HANDLER_PARAMETERS) {
  if (__builtin_expect(fp + imm_of(pc) > context->stack_end, 0))
    WHERRY_TRAP(TrapKind::StackExhausted);
  Slot* local = fp + d_of(pc);
  for (std::int64_t count = a_of(pc); count > 0; --count) *local++ = 0;
  WHERRY_NEXT(2);
}

WHERRY_HANDLER_CC void jump(WHERRY_HANDLER_PARAMETERS) { WHERRY_GO(pc + target_of(pc)); }

WHERRY_HANDLER_CC void unreachable(WHERRY_HANDLER_PARAMETERS) {
  WHERRY_TRAP(TrapKind::Unreachable);
}

template <Source source>
WHERRY_HANDLER_CC void branch_table(WHERRY_HANDLER_PARAMETERS) {
  const std::uint32_t index = fetch<std::uint32_t, source, 2>(pc, fp, acc, vacc);
  const auto count = static_cast<std::uint32_t>(imm_of(pc));
  const Slot* targets = pc + 2;
  WHERRY_GO(pc + static_cast<std::int64_t>(targets[index < count ? index : count]));
}
const Handler kBranchTable[2] = {&branch_table<Source::Slot>, &branch_table<Source::Acc>};

template <bool when, Source source>
WHERRY_HANDLER_CC void branch_if(WHERRY_HANDLER_PARAMETERS) {
  const std::uint32_t condition = fetch<std::uint32_t, source, 2>(pc, fp, acc, vacc);
  if ((condition != 0) == when) WHERRY_GO(pc + target_of(pc));
  WHERRY_NEXT(2);
}
const Handler kBranchIf[2][2] = {{&branch_if<false, Source::Slot>, &branch_if<false, Source::Acc>},
                                 {&branch_if<true, Source::Slot>, &branch_if<true, Source::Acc>}};

template <int slots>
WHERRY_HANDLER_CC void copy(WHERRY_HANDLER_PARAMETERS) {
  if constexpr (slots == 1) {
    fp[d_of(pc)] = fp[a_of(pc)];
  } else {
    set_slot<Vec>(fp, d_of(pc), get_slot<Vec>(fp, a_of(pc)));
  }
  WHERRY_NEXT(2);
}
const Handler kCopy[2] = {&copy<1>, &copy<2>};

template <Class cls>
WHERRY_HANDLER_CC void store_acc(WHERRY_HANDLER_PARAMETERS) {
  if constexpr (cls == Class::Int) {
    fp[d_of(pc)] = acc;
  } else if constexpr (cls == Class::Float) {
    set_slot<double>(fp, d_of(pc), of_vec<double>(vacc));
  } else {
    set_slot<Vec>(fp, d_of(pc), vacc);
  }
  WHERRY_NEXT(2);
}
const Handler kStoreAcc[3] = {&store_acc<Class::Int>, &store_acc<Class::Float>,
                              &store_acc<Class::Vector>};

// The result stays in its accumulator too: that is where the caller looks first.
template <Class cls, Source source>
WHERRY_HANDLER_CC void return_one(WHERRY_HANDLER_PARAMETERS) {
  if constexpr (source == Source::Slot) {
    const Slot* from = fp + a_of(pc);
    put_class<cls, Dest::ToSlot>(pc, fp, acc, vacc, from);
  } else if constexpr (cls == Class::Int) {
    fp[d_of(pc)] = acc;
  } else if constexpr (cls == Class::Float) {
    set_slot<double>(fp, d_of(pc), of_vec<double>(vacc));
  } else {
    set_slot<Vec>(fp, d_of(pc), vacc);
  }
  const Slot* to = reinterpret_cast<const Slot*>(fp[kReturnPc]);
  fp = reinterpret_cast<Slot*>(fp[kCallerFrame]);
  WHERRY_GO(to);
}
const Handler kReturn[3][2] = {
    {&return_one<Class::Int, Source::Slot>, &return_one<Class::Int, Source::Acc>},
    {&return_one<Class::Float, Source::Slot>, &return_one<Class::Float, Source::Acc>},
    {&return_one<Class::Vector, Source::Slot>, &return_one<Class::Vector, Source::Acc>}};

WHERRY_HANDLER_CC void return_nothing(WHERRY_HANDLER_PARAMETERS) {
  const Slot* to = reinterpret_cast<const Slot*>(fp[kReturnPc]);
  fp = reinterpret_cast<Slot*>(fp[kCallerFrame]);
  WHERRY_GO(to);
}

WHERRY_HANDLER_CC void const_zero_extended(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = offset_of(pc);
  WHERRY_NEXT(2);
}
WHERRY_HANDLER_CC void const_sign_extended(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = static_cast<std::uint64_t>(imm_of(pc));
  WHERRY_NEXT(2);
}
WHERRY_HANDLER_CC void const_64(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = pc[2];
  WHERRY_NEXT(3);
}
WHERRY_HANDLER_CC void const_128(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = pc[2];
  fp[d_of(pc) + 1] = pc[3];
  WHERRY_NEXT(4);
}

template <Class cls, Source source, Dest dest>
WHERRY_HANDLER_CC void select(WHERRY_HANDLER_PARAMETERS) {
  const std::uint32_t condition = fetch<std::uint32_t, source, 6>(pc, fp, acc, vacc);
  const Slot* from = condition != 0 ? fp + a_of(pc) : fp + b_of(pc);
  put_class<cls, dest>(pc, fp, acc, vacc, from);
  WHERRY_NEXT(2);
}
#define WHERRY_SELECT(cls)                                                                 \
  {                                                                                        \
    {&select<cls, Source::Slot, Dest::ToAcc>, &select<cls, Source::Slot, Dest::ToSlot>}, { \
      &select<cls, Source::Acc, Dest::ToAcc>, &select<cls, Source::Acc, Dest::ToSlot>      \
    }                                                                                      \
  }
const Handler kSelect[3][2][2] = {WHERRY_SELECT(Class::Int), WHERRY_SELECT(Class::Float),
                                  WHERRY_SELECT(Class::Vector)};
#undef WHERRY_SELECT

WHERRY_HANDLER_CC void call(WHERRY_HANDLER_PARAMETERS) {
  const Function* callee = pointer_at<const Function>(pc, 2);
  Slot* frame = fp + d_of(pc);
  frame[kReturnPc] = reinterpret_cast<Slot>(pc + 3);
  frame[kCallerFrame] = reinterpret_cast<Slot>(fp);
  frame[kFunction] = reinterpret_cast<Slot>(callee);
  fp = frame;
  WHERRY_GO(callee->code);
}

WHERRY_HANDLER_CC void call_across(WHERRY_HANDLER_PARAMETERS) {
  const Function* callee = pointer_at<const Function>(pc, 2);
  Slot* frame = fp + d_of(pc);
  frame[kReturnPc] = reinterpret_cast<Slot>(pc + 3);
  frame[kCallerFrame] = reinterpret_cast<Slot>(fp);
  frame[kFunction] = reinterpret_cast<Slot>(callee);
  fp = frame;
  mem = callee->memory_base;
  WHERRY_GO(callee->code);
}

template <Source source>
WHERRY_HANDLER_CC void call_indirect(WHERRY_HANDLER_PARAMETERS) {
  const std::uint32_t index = fetch<std::uint32_t, source, 2>(pc, fp, acc, vacc);
  const Table* table = pointer_at<const Table>(pc, 2);
  if (__builtin_expect(index >= table->elements.size(), 0)) WHERRY_TRAP(TrapKind::UndefinedElement);
  const Function* callee = reinterpret_cast<const Function*>(table->elements[index]);
  if (__builtin_expect(callee == nullptr, 0)) WHERRY_TRAP(TrapKind::UninitializedElement);
  if (__builtin_expect(callee->type_id != offset_of(pc), 0)) {
    WHERRY_TRAP(TrapKind::IndirectCallTypeMismatch);
  }
  Slot* frame = fp + d_of(pc);
  const bool same_memory = callee->memory_base == mem;
  frame[kReturnPc] = reinterpret_cast<Slot>(pc + (same_memory ? 4 : 3));
  frame[kCallerFrame] = reinterpret_cast<Slot>(fp);
  frame[kFunction] = reinterpret_cast<Slot>(callee);
  fp = frame;
  mem = callee->memory_base;
  WHERRY_GO(callee->code);
}
const Handler kCallIndirect[2] = {&call_indirect<Source::Slot>, &call_indirect<Source::Acc>};

WHERRY_HANDLER_CC void reload_memory(WHERRY_HANDLER_PARAMETERS) {
  mem = function_of(fp)->memory_base;
  WHERRY_NEXT(1);
}

WHERRY_HANDLER_CC void call_host(WHERRY_HANDLER_PARAMETERS) {
  const Function* callee = function_of(fp);
  context->frame = fp;
  const TrapKind kind = host_call(*context, *callee, fp);
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  const Slot* result = fp - callee->argument_slots;
  acc = result[0];
  vacc = get_slot<Vec>(result, 0);
  const Slot* to = reinterpret_cast<const Slot*>(fp[kReturnPc]);
  fp = reinterpret_cast<Slot*>(fp[kCallerFrame]);
  WHERRY_GO(to);
}

WHERRY_HANDLER_CC void enter_compiled(WHERRY_HANDLER_PARAMETERS) {
  const Function* callee = function_of(fp);
  if (__builtin_expect(!run_compiled(*context, *callee, fp), 0)) return;
  const Slot* result = fp - callee->argument_slots;
  acc = result[0];
  vacc = get_slot<Vec>(result, 0);
  const Slot* to = reinterpret_cast<const Slot*>(fp[kReturnPc]);
  fp = reinterpret_cast<Slot*>(fp[kCallerFrame]);
  WHERRY_GO(to);
}

WHERRY_HANDLER_CC void enter_loop(WHERRY_HANDLER_PARAMETERS) {
  LoopEntry& entry = loop_entry(*context->store, pc);
  LoopRun run = LoopRun::NotEntered;
  if (entry.passes > 0) {
    --entry.passes;
  } else {
    run = run_loop(*context, entry, fp);
  }
  if (run == LoopRun::NotEntered) {
    WHERRY_TAIL entry.original(pc, fp, mem, context, acc, vacc);
  }
  if (run == LoopRun::Left) return;
  const Slot* result = fp - function_of(fp)->argument_slots;
  acc = result[0];
  vacc = get_slot<Vec>(result, 0);
  const Slot* to = reinterpret_cast<const Slot*>(fp[kReturnPc]);
  fp = reinterpret_cast<Slot*>(fp[kCallerFrame]);
  WHERRY_GO(to);
}

WHERRY_HANDLER_CC void translate_first(WHERRY_HANDLER_PARAMETERS) {
  const Slot* code = translate_for_call(*context, *function_of(fp));
  if (__builtin_expect(code == nullptr, 0)) WHERRY_TRAP(TrapKind::None);
  WHERRY_GO(code);
}

WHERRY_HANDLER_CC void leave(WHERRY_HANDLER_PARAMETERS) {}

template <Class cls, Dest dest>
WHERRY_HANDLER_CC void global_get(WHERRY_HANDLER_PARAMETERS) {
  put_class<cls, dest>(pc, fp, acc, vacc, pointer_at<const Slot>(pc, 2));
  WHERRY_NEXT(3);
}
const Handler kGlobalGet[3][2] = {
    {&global_get<Class::Int, Dest::ToAcc>, &global_get<Class::Int, Dest::ToSlot>},
    {&global_get<Class::Float, Dest::ToAcc>, &global_get<Class::Float, Dest::ToSlot>},
    {&global_get<Class::Vector, Dest::ToAcc>, &global_get<Class::Vector, Dest::ToSlot>}};

template <Class cls, Source source>
WHERRY_HANDLER_CC void global_set(WHERRY_HANDLER_PARAMETERS) {
  Slot* cell = pointer_at<Slot>(pc, 2);
  if constexpr (cls == Class::Int) {
    *cell = fetch<std::uint64_t, source, 2>(pc, fp, acc, vacc);
  } else if constexpr (cls == Class::Float) {
    set_slot<double>(cell, 0, fetch<double, source, 2>(pc, fp, acc, vacc));
  } else {
    set_slot<Vec>(cell, 0, fetch<Vec, source, 2>(pc, fp, acc, vacc));
  }
  WHERRY_NEXT(3);
}
const Handler kGlobalSet[3][2] = {
    {&global_set<Class::Int, Source::Slot>, &global_set<Class::Int, Source::Acc>},
    {&global_set<Class::Float, Source::Slot>, &global_set<Class::Float, Source::Acc>},
    {&global_set<Class::Vector, Source::Slot>, &global_set<Class::Vector, Source::Acc>}};

WHERRY_HANDLER_CC void memory_size(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = pointer_at<const Memory>(pc, 2)->pages();
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void memory_grow(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = pointer_at<Memory>(pc, 2)->grow(u32_at(fp, a_of(pc))).value_or(~std::uint32_t{0});
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void memory_copy_op(WHERRY_HANDLER_PARAMETERS) {
  const TrapKind kind = memory_copy(*pointer_at<Memory>(pc, 2), u32_at(fp, d_of(pc)),
                                    u32_at(fp, a_of(pc)), u32_at(fp, b_of(pc)));
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void memory_fill_op(WHERRY_HANDLER_PARAMETERS) {
  const TrapKind kind = memory_fill(*pointer_at<Memory>(pc, 2), u32_at(fp, d_of(pc)),
                                    u32_at(fp, a_of(pc)), u32_at(fp, b_of(pc)));
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void memory_init_op(WHERRY_HANDLER_PARAMETERS) {
  const TrapKind kind =
      memory_init(*pointer_at<Instance>(pc, 2), static_cast<std::uint32_t>(pc[3]),
                  u32_at(fp, d_of(pc)), u32_at(fp, a_of(pc)), u32_at(fp, b_of(pc)));
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  WHERRY_NEXT(4);
}

WHERRY_HANDLER_CC void data_drop(WHERRY_HANDLER_PARAMETERS) {
  pointer_at<Instance>(pc, 2)->data_segments[offset_of(pc)] = {};
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void table_get(WHERRY_HANDLER_PARAMETERS) {
  const Table* table = pointer_at<const Table>(pc, 2);
  const std::uint32_t index = u32_at(fp, a_of(pc));
  if (__builtin_expect(index >= table->elements.size(), 0)) WHERRY_TRAP(TrapKind::OutOfBoundsTable);
  fp[d_of(pc)] = table->elements[index];
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void table_set(WHERRY_HANDLER_PARAMETERS) {
  Table* table = pointer_at<Table>(pc, 2);
  const std::uint32_t index = u32_at(fp, a_of(pc));
  if (__builtin_expect(index >= table->elements.size(), 0)) WHERRY_TRAP(TrapKind::OutOfBoundsTable);
  table->elements[index] = fp[b_of(pc)];
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void table_size(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = pointer_at<const Table>(pc, 2)->size();
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void table_grow(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = pointer_at<Table>(pc, 2)
                     ->grow(u32_at(fp, b_of(pc)), fp[a_of(pc)])
                     .value_or(~std::uint32_t{0});
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void table_fill_op(WHERRY_HANDLER_PARAMETERS) {
  const TrapKind kind = table_fill(*pointer_at<Table>(pc, 2), u32_at(fp, d_of(pc)), fp[a_of(pc)],
                                   u32_at(fp, b_of(pc)));
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void table_copy_op(WHERRY_HANDLER_PARAMETERS) {
  const TrapKind kind =
      table_copy(*pointer_at<Table>(pc, 2), *pointer_at<Table>(pc, 3), u32_at(fp, d_of(pc)),
                 u32_at(fp, a_of(pc)), u32_at(fp, b_of(pc)));
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  WHERRY_NEXT(4);
}

WHERRY_HANDLER_CC void table_init_op(WHERRY_HANDLER_PARAMETERS) {
  const TrapKind kind =
      table_init(*pointer_at<Instance>(pc, 2), static_cast<std::uint32_t>(pc[3] >> 32),
                 static_cast<std::uint32_t>(pc[3]), u32_at(fp, d_of(pc)), u32_at(fp, a_of(pc)),
                 u32_at(fp, b_of(pc)));
  if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_TRAP(kind);
  WHERRY_NEXT(4);
}

WHERRY_HANDLER_CC void elem_drop(WHERRY_HANDLER_PARAMETERS) {
  pointer_at<Instance>(pc, 2)->element_segments[offset_of(pc)].clear();
  WHERRY_NEXT(3);
}

}  // namespace wherry::wasm::interp
