#include "wasm/engine/compiled.h"
#include "wasm/engine/execute.h"
#include "wasm/engine/interp/control_steps.h"
#include "wasm/engine/osr.h"

namespace wherry::wasm::interp {
namespace {

Function* function_of(const Slot* fp) { return reinterpret_cast<Function*>(fp[kFunction]); }
std::uint32_t u32_at(const Slot* fp, std::int64_t slot) {
  return get_slot<std::uint32_t>(fp, slot);
}

}  // namespace

const Handler kEnter = &handler<steps::Enter>;
const Handler kJump = &handler<steps::Jump>;

WHERRY_HANDLER_CC void unreachable(WHERRY_HANDLER_PARAMETERS) {
  WHERRY_TRAP(TrapKind::Unreachable);
}

const Handler kBranchTable[2] = {&handler<steps::BranchTable<Source::Slot>>,
                                 &handler<steps::BranchTable<Source::Acc>>};

const Handler kBranchIf[2][2] = {
    {&handler<steps::BranchIf<false, Source::Slot>>, &handler<steps::BranchIf<false, Source::Acc>>},
    {&handler<steps::BranchIf<true, Source::Slot>>, &handler<steps::BranchIf<true, Source::Acc>>}};

const Handler kCopy[2] = {&handler<steps::Copy<1>>, &handler<steps::Copy<2>>};

const Handler kStoreAcc[3] = {&handler<steps::StoreAcc<Class::Int>>,
                              &handler<steps::StoreAcc<Class::Float>>,
                              &handler<steps::StoreAcc<Class::Vector>>};

#define WHERRY_RETURN(cls) \
  {&handler<steps::Return<cls, Source::Slot>>, &handler<steps::Return<cls, Source::Acc>>}
const Handler kReturn[3][2] = {WHERRY_RETURN(Class::Int), WHERRY_RETURN(Class::Float),
                               WHERRY_RETURN(Class::Vector)};
#undef WHERRY_RETURN
const Handler kReturnNothing = &handler<steps::ReturnNothing>;

const Handler kConstZeroExtended = &handler<steps::ConstZeroExtended>;
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

#define WHERRY_SELECT_OF(cls, source)                 \
  {&handler<steps::Select<cls, source, Dest::ToAcc>>, \
   &handler<steps::Select<cls, source, Dest::ToSlot>>}
#define WHERRY_SELECT(cls) {WHERRY_SELECT_OF(cls, Source::Slot), WHERRY_SELECT_OF(cls, Source::Acc)}
const Handler kSelect[3][2][2] = {WHERRY_SELECT(Class::Int), WHERRY_SELECT(Class::Float),
                                  WHERRY_SELECT(Class::Vector)};
#undef WHERRY_SELECT
#undef WHERRY_SELECT_OF

const Handler kCall = &handler<steps::Call>;

WHERRY_HANDLER_CC void call_across(WHERRY_HANDLER_PARAMETERS) {
  const Function* callee = pointer_at<const Function>(pc, 2);
  enter_frame(pc, fp, fp + d_of(pc), callee, pc + 3);
  mem = callee->memory_base;
  WHERRY_GO(pc);
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
  const bool same_memory = callee->memory_base == mem;
  enter_frame(pc, fp, fp + d_of(pc), callee, pc + (same_memory ? 4 : 3));
  mem = callee->memory_base;
  WHERRY_GO(pc);
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
  return_to_caller(pc, fp);
  WHERRY_GO(pc);
}

WHERRY_HANDLER_CC void enter_compiled(WHERRY_HANDLER_PARAMETERS) {
  const Function* callee = function_of(fp);
  if (__builtin_expect(!run_compiled(*context, *callee, fp), 0)) return;
  const Slot* result = fp - callee->argument_slots;
  acc = result[0];
  vacc = get_slot<Vec>(result, 0);
  return_to_caller(pc, fp);
  WHERRY_GO(pc);
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
  return_to_caller(pc, fp);
  WHERRY_GO(pc);
}

WHERRY_HANDLER_CC void translate_first(WHERRY_HANDLER_PARAMETERS) {
  const Slot* code = translate_for_call(*context, *function_of(fp));
  if (__builtin_expect(code == nullptr, 0)) WHERRY_TRAP(TrapKind::None);
  WHERRY_GO(code);
}

WHERRY_HANDLER_CC void leave(WHERRY_HANDLER_PARAMETERS) {}

#define WHERRY_GLOBAL_GET(cls) \
  {&handler<steps::GlobalGet<cls, Dest::ToAcc>>, &handler<steps::GlobalGet<cls, Dest::ToSlot>>}
const Handler kGlobalGet[3][2] = {WHERRY_GLOBAL_GET(Class::Int), WHERRY_GLOBAL_GET(Class::Float),
                                  WHERRY_GLOBAL_GET(Class::Vector)};
#undef WHERRY_GLOBAL_GET

#define WHERRY_GLOBAL_SET(cls) \
  {&handler<steps::GlobalSet<cls, Source::Slot>>, &handler<steps::GlobalSet<cls, Source::Acc>>}
const Handler kGlobalSet[3][2] = {WHERRY_GLOBAL_SET(Class::Int), WHERRY_GLOBAL_SET(Class::Float),
                                  WHERRY_GLOBAL_SET(Class::Vector)};
#undef WHERRY_GLOBAL_SET

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
