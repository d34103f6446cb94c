// Branches: a comparison, a test or the step of a counter just emitted becomes part of them.
#include "wasm/engine/interp/assembler.h"

namespace wherry::wasm::interp {

IntBinary inverse(IntBinary op) {
  switch (op) {
    case IntBinary::I32Eq:
      return IntBinary::I32Ne;
    case IntBinary::I32Ne:
      return IntBinary::I32Eq;
    case IntBinary::I32LtS:
      return IntBinary::I32GeS;
    case IntBinary::I32LtU:
      return IntBinary::I32GeU;
    case IntBinary::I32GtS:
      return IntBinary::I32LeS;
    case IntBinary::I32GtU:
      return IntBinary::I32LeU;
    case IntBinary::I32LeS:
      return IntBinary::I32GtS;
    case IntBinary::I32LeU:
      return IntBinary::I32GtU;
    case IntBinary::I32GeS:
      return IntBinary::I32LtS;
    case IntBinary::I32GeU:
      return IntBinary::I32LtU;
    case IntBinary::I64Eq:
      return IntBinary::I64Ne;
    case IntBinary::I64Ne:
      return IntBinary::I64Eq;
    case IntBinary::I64LtS:
      return IntBinary::I64GeS;
    case IntBinary::I64LtU:
      return IntBinary::I64GeU;
    case IntBinary::I64GtS:
      return IntBinary::I64LeS;
    case IntBinary::I64GtU:
      return IntBinary::I64LeU;
    case IntBinary::I64LeS:
      return IntBinary::I64GtS;
    case IntBinary::I64LeU:
      return IntBinary::I64GtU;
    case IntBinary::I64GeS:
      return IntBinary::I64LtS;
    case IntBinary::I64GeU:
      return IntBinary::I64LtU;
    default:
      return IntBinary::Count;
  }
}

// The last instruction is about to write the local: where it steps it, a branch may follow.
void Assembler::note_step(std::int32_t slot) {
  const bool wide = last_.op == static_cast<int>(IntBinary::I64Add);
  if (last_.kind != Last::Kind::IntBinary || last_.form != Form::SlotImm || last_.a != slot) return;
  if (!wide && last_.op != static_cast<int>(IntBinary::I32Add)) return;
  if (last_.b < INT16_MIN || last_.b > INT16_MAX) return;
  step_ = {.index = last_.index, .end = here(), .wide = wide, .slot = slot, .by = last_.b};
}

// A branch on the local that was stepped just before, compared so.
std::optional<Fixup> Assembler::branch_on_step(IntBinary compare, std::int32_t limit,
                                               bool limit_is_imm) {
  const Handler handler = step_branch(compare, limit_is_imm);
  const bool wide = compare >= IntBinary::I64Eq && compare <= IntBinary::I64GeU;
  if (!handler || step_.end != here() || step_.wide != wide) return std::nullopt;
  cut(step_.index);
  emit(handler, step_.slot, step_.by, limit);
  word(Slot{0});
  step_ = {};
  return Fixup{here() - 3, here() - 1};
}

Fixup Assembler::branch_on_top(bool when) {
  Operand condition = pop();
  settle_operand(condition);
  if (last_made(condition)) {
    const Last made = last_;
    const bool imm = right_of(made.form) == Source::Imm;
    if (made.kind == Last::Kind::FloatCompare) {
      undo_last(ValType::I32);
      emit(kFloatBranch[made.op].at[when][static_cast<int>(made.form)], made.b, made.a, 0);
      return {here() - 2, 1};
    }
    const bool fits = !imm || (made.b >= INT16_MIN && made.b <= INT16_MAX);
    if (made.kind == Last::Kind::IntCompare && fits) {
      const auto compare = static_cast<IntBinary>(made.op);
      undo_last(ValType::I32);
      const bool limit_is_step = !imm && made.b == step_.slot;
      if (left_of(made.form) == Source::Acc && !limit_is_step) {
        if (auto fixup = branch_on_step(when ? compare : inverse(compare), made.b, imm)) {
          return *fixup;
        }
      }
      emit(kIntBranch[made.op].at[when][static_cast<int>(made.form)], made.b, made.a, 0);
      return {here() - 2, 1};
    }
    if (made.kind == Last::Kind::IntBinary && fits &&
        (made.op == static_cast<int>(IntBinary::I32And))) {
      undo_last(ValType::I32);
      emit(kIntBranch[static_cast<int>(IntBinary::I32Test)].at[when][static_cast<int>(made.form)],
           made.b, made.a, 0);
      return {here() - 2, 1};
    }
  }
  if (condition.kind == Operand::Kind::Local && local_slots_[condition.local] == step_.slot) {
    if (auto fixup = branch_on_step(when ? IntBinary::I32Ne : IntBinary::I32Eq, 0, true)) {
      return *fixup;
    }
  }
  const bool from_acc = in_acc(condition);
  const std::int32_t slot = from_acc ? 0 : slot_of(condition);
  emit(kBranchIf[when][from_acc], 0, slot, 0);
  return {here() - 2, 1};
}

}  // namespace wherry::wasm::interp
