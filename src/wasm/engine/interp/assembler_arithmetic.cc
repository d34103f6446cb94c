// Arithmetic, loads and stores: the form each operand is taken in, and what fuses with what.
#include "wasm/engine/interp/assembler.h"

namespace wherry::wasm::interp {

Form Assembler::choose_form(const Operand& a, const Operand& b, bool imm_fits) {
  const bool a_acc = in_acc(a);
  if (b.kind == Operand::Kind::Const && imm_fits) return a_acc ? Form::AccImm : Form::SlotImm;
  // Of two that could both be taken from the accumulator, the one that is nowhere else.
  if (b.kind == Operand::Kind::Acc) return Form::SlotAcc;
  if (a_acc) return Form::AccSlot;
  if (in_acc(b)) return Form::SlotAcc;
  return Form::SlotSlot;
}

void Assembler::binary_int(IntBinary op, ValType operands, ValType result, bool commutes,
                           bool compares) {
  Operand b = pop();
  Operand a = pop();
  if (commutes && a.kind == Operand::Kind::Const && b.kind != Operand::Kind::Const) std::swap(a, b);
  if (push_sum(op, a, b)) return;
  settle_operands(a, b);
  // i32.eqz of a comparison is the inverse comparison.
  if (compares && b.kind == Operand::Kind::Const && b.bits[0] == 0 && op == IntBinary::I32Eq &&
      last_made(a) && last_.kind == Last::Kind::IntCompare &&
      inverse(static_cast<IntBinary>(last_.op)) != IntBinary::Count) {
    out_[last_.index] = reinterpret_cast<Slot>(
        kIntBinary[static_cast<int>(inverse(static_cast<IntBinary>(last_.op)))]
            .at[static_cast<int>(last_.form)][0]);
    last_.op = static_cast<std::uint16_t>(inverse(static_cast<IntBinary>(last_.op)));
    int_.to_slot = kIntBinary[last_.op].at[static_cast<int>(last_.form)][1];
    push_again(a);
    return;
  }
  if (!compares && fuse_int(op, a, b, result)) return;
  if (!compares && commutes && fuse_int(op, b, a, result)) return;
  const std::uint64_t raw = b.bits[0];
  const std::uint64_t imm =
      operands == ValType::I32 ? static_cast<std::uint64_t>(static_cast<std::int32_t>(raw)) : raw;
  const Form form = choose_form(a, b, fits_int32(imm));
  const bool has_imm = right_of(form) == Source::Imm;
  const std::int32_t a_slot = left_of(form) == Source::Acc ? 0 : slot_of(a);
  const std::int32_t b_slot = right_of(form) == Source::Slot ? slot_of(b) : 0;
  begin_result(result);
  const Handler* handlers = kIntBinary[static_cast<int>(op)].at[static_cast<int>(form)];
  if (has_imm) {
    emit_imm(handlers[0], 0, a_slot, static_cast<std::uint32_t>(imm));
  } else {
    emit(handlers[0], 0, a_slot, b_slot);
  }
  push_result(result, handlers[1]);
  last_.kind = compares ? Last::Kind::IntCompare : Last::Kind::IntBinary;
  last_.op = static_cast<std::uint16_t>(op);
  last_.form = form;
  last_.a = a_slot;
  last_.b = has_imm ? static_cast<std::int32_t>(imm) : b_slot;
}

// op(x, made), where the last instruction made the right operand and the two go together.
bool Assembler::fuse_int(IntBinary op, const Operand& x, const Operand& right, ValType type) {
  if (!last_made(right) || x.kind == Operand::Kind::Const) return false;
  const Last made = last_;
  if (made.kind == Last::Kind::Load) {
    const FusedLoad* handlers = fused_load(op, static_cast<LoadOp>(made.op));
    if (!handlers || made.b > UINT16_MAX) return false;
    undo_last(type);
    emit_fused(handlers->at[0], handlers->at[1], x, made.a, made.b, type);
    return true;
  }
  if (made.kind != Last::Kind::IntBinary) return false;
  const Outer outer = outer_of(op);
  const Inner inner = inner_of(static_cast<IntBinary>(made.op));
  if (outer == Outer::Count || inner == Inner::Count) return false;
  const bool imm = made.form == Form::SlotImm;
  if (imm ? made.b < INT16_MIN || made.b > INT16_MAX : made.form != Form::SlotSlot) return false;
  const FusedInt* handlers = fused_int(type == ValType::I64, outer, inner);
  undo_last(type);
  emit_fused(handlers->at[0][imm], handlers->at[1][imm], x, made.a, made.b, type);
  return true;
}

// op(x, made), or reversed op(made, x).
bool Assembler::fuse_float(FloatBinary op, const Operand& x, const Operand& other, ValType type,
                           bool reversed) {
  if (!last_made(other) || x.kind == Operand::Kind::Const) return false;
  const Last made = last_;
  const FusedLoad* handlers = nullptr;
  if (made.kind == Last::Kind::Load && made.b <= UINT16_MAX) {
    handlers = fused_load(op, static_cast<LoadOp>(made.op), reversed);
  } else if (made.kind == Last::Kind::FloatBinary && made.form == Form::SlotSlot &&
             (made.op == static_cast<int>(FloatBinary::F32Mul) ||
              made.op == static_cast<int>(FloatBinary::F64Mul))) {
    handlers = fused_multiply(op, reversed);
  }
  if (!handlers) return false;
  undo_last(type);
  emit_fused(handlers->at[0], handlers->at[1], x, made.a, made.b, type);
  return true;
}

void Assembler::emit_fused(const Handler (&from_slot)[2], const Handler (&from_acc)[2],
                           const Operand& x, std::int32_t b, std::int64_t c, ValType type) {
  const bool x_in_acc = in_acc(x);
  const std::int32_t x_slot = x_in_acc ? 0 : slot_of(x);
  begin_result(type);
  const Handler* handlers = x_in_acc ? from_acc : from_slot;
  emit(handlers[0], 0, x_slot, b, static_cast<std::int16_t>(c));
  push_result(type, handlers[1]);
}

void Assembler::binary_float(FloatBinary op, [[maybe_unused]] ValType operands, ValType result,
                             bool commutes, bool compares) {
  Operand b = pop();
  Operand a = pop();
  if (commutes && a.kind == Operand::Kind::Const && b.kind != Operand::Kind::Const) std::swap(a, b);
  if (!compares && fuse_float(op, a, b, result, false)) return;
  if (!compares && fuse_float(op, b, a, result, true)) return;
  const Form form = choose_form(a, b, true);
  const bool has_imm = right_of(form) == Source::Imm;
  const std::int32_t a_slot = left_of(form) == Source::Acc ? 0 : slot_of(a);
  const std::int32_t b_slot = right_of(form) == Source::Slot ? slot_of(b) : 0;
  begin_result(result);
  const Handler* handlers = kFloatBinary[static_cast<int>(op)].at[static_cast<int>(form)];
  emit(handlers[0], 0, a_slot, b_slot);
  if (has_imm) word(b.bits[0]);
  push_result(result, handlers[1]);
  if (has_imm) return;
  last_.kind = compares ? Last::Kind::FloatCompare : Last::Kind::FloatBinary;
  last_.op = static_cast<std::uint16_t>(op);
  last_.form = form;
  last_.a = a_slot;
  last_.b = b_slot;
}

void Assembler::binary(const BinaryHandlers& handlers, ValType result) {
  Operand b = pop();
  Operand a = pop();
  settle_operands(a, b);
  const bool imm_fits = class_of(b.type) == Class::Int && fits_int32(b.bits[0]);
  const Form form = choose_form(a, b, imm_fits);
  const bool has_imm = right_of(form) == Source::Imm;
  const std::int32_t a_slot = left_of(form) == Source::Acc ? 0 : slot_of(a);
  const std::int32_t b_slot = right_of(form) == Source::Slot ? slot_of(b) : 0;
  begin_result(result);
  const Handler* row = handlers.at[static_cast<int>(form)];
  if (has_imm) {
    emit_imm(row[0], 0, a_slot, static_cast<std::uint32_t>(b.bits[0]));
  } else {
    emit(row[0], 0, a_slot, b_slot);
  }
  push_result(result, row[1]);
}

void Assembler::unary(const UnaryHandlers& handlers, ValType result) {
  Operand a = pop();
  settle_operand(a);
  const bool from_acc = in_acc(a);
  const std::int32_t slot = from_acc ? 0 : slot_of(a);
  begin_result(result);
  const Handler* row = handlers.at[from_acc];
  emit(row[0], 0, slot, 0);
  push_result(result, row[1]);
}

void Assembler::load(LoadOp op, ValType result, std::uint32_t offset) {
  Operand address = pop();
  const auto row = static_cast<int>(op);
  if (address.kind == Operand::Kind::Sum && address.of_locals && offset <= UINT16_MAX) {
    begin_result(result);
    emit(kLoadSum[row][0], 0, local_slots_[address.local], local_slots_[address.other],
         static_cast<std::int16_t>(offset));
    push_result(result, kLoadSum[row][1]);
    return;
  }
  if (address.kind == Operand::Kind::Sum && !address.of_locals && offset == 0) {
    begin_result(result);
    emit_imm(kLoadBeside[row][0], 0, local_slots_[address.local],
             static_cast<std::uint32_t>(address.bits[0]));
    push_result(result, kLoadBeside[row][1]);
    return;
  }
  settle_operand(address);
  if (address.kind == Operand::Kind::Const && address.bits[0] + offset <= UINT32_MAX) {
    begin_result(result);
    emit_imm(kLoadAt[row][0], 0, 0, static_cast<std::uint32_t>(address.bits[0] + offset));
    push_result(result, kLoadAt[row][1]);
    return;
  }
  const bool from_acc = in_acc(address);
  const std::int32_t slot = from_acc ? 0 : slot_of(address);
  begin_result(result);
  const Handler* handlers = kLoad[row].at[from_acc];
  emit_imm(handlers[0], 0, slot, offset);
  push_result(result, handlers[1]);
  if (from_acc || offset > INT32_MAX) return;
  last_.kind = Last::Kind::Load;
  last_.op = static_cast<std::uint16_t>(op);
  last_.a = slot;
  last_.b = static_cast<std::int32_t>(offset);
}

void Assembler::store(StoreOp op, ValType type, std::uint32_t offset) {
  Operand value = pop();
  Operand address = pop();
  const auto row = static_cast<int>(op);
  const bool is_int = class_of(type) == Class::Int;
  if (value.kind == Operand::Kind::Sum) {
    if (address.kind == Operand::Kind::Acc) address = at_home(address);
    settle_operand(value);
  }
  const auto imm =
      static_cast<std::int64_t>(type == ValType::I32 ? static_cast<std::int32_t>(value.bits[0])
                                                     : static_cast<std::int64_t>(value.bits[0]));
  const bool imm_fits =
      is_int && value.kind == Operand::Kind::Const && imm >= INT16_MIN && imm <= INT16_MAX;
  const bool absolute =
      address.kind == Operand::Kind::Const && address.bits[0] + offset <= UINT32_MAX;
  const bool sum = address.kind == Operand::Kind::Sum && address.of_locals && offset <= UINT16_MAX;
  const bool beside = address.kind == Operand::Kind::Sum && !address.of_locals && offset == 0;
  if (absolute || sum || beside) {
    // No register goes into the address: the value may come from anywhere.
    const Source source = in_acc(value) ? Source::Acc : imm_fits ? Source::Imm : Source::Slot;
    std::int64_t d = 0;
    if (source == Source::Imm) d = imm;
    if (source == Source::Slot) d = slot_of(value);
    const auto from = static_cast<int>(source);
    if (absolute) {
      emit_imm(kStoreAt[row][from], d, 0, static_cast<std::uint32_t>(address.bits[0] + offset));
    } else if (sum) {
      emit(kStoreSum[row][from], d, local_slots_[address.local], local_slots_[address.other],
           static_cast<std::int16_t>(offset));
    } else {
      emit_imm(kStoreBeside[row][from], d, local_slots_[address.local],
               static_cast<std::uint32_t>(address.bits[0]));
    }
    return;
  }
  settle_operands(address, value);
  const StoreHandlers& handlers = kStore[row];
  if (!is_int && in_acc(address) && in_acc(value)) {
    emit_imm(handlers.at[kAccAcc], 0, 0, offset);
    return;
  }
  const Form form = choose_form(address, value, imm_fits);
  const std::int32_t a = left_of(form) == Source::Acc ? 0 : slot_of(address);
  std::int64_t d = 0;
  if (right_of(form) == Source::Imm) d = imm;
  if (right_of(form) == Source::Slot) d = slot_of(value);
  emit_imm(handlers.at[static_cast<int>(form)], d, a, offset);
}

}  // namespace wherry::wasm::interp
