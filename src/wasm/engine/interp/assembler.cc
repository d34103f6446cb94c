#include "wasm/engine/interp/assembler.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::wasm::interp {
namespace {

// Slot numbers are 16 bits wide.
std::uint16_t slot_field(std::int64_t slot) {
  if (slot < INT16_MIN || slot > INT16_MAX) {
    fail(ErrorKind::ResourceExhausted, "a function needs more than {} slots for its frame",
         INT16_MAX);
  }
  return static_cast<std::uint16_t>(slot);
}

bool fits_int32(std::uint64_t value) {
  return static_cast<std::int64_t>(value) == static_cast<std::int32_t>(value);
}

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

}  // namespace

void Assembler::start(std::vector<ValType> local_types, std::vector<std::int32_t> local_slots,
                      std::int32_t first_home) {
  out_.clear();
  stack_.clear();
  pending_.assign(local_types.size(), 0);
  local_types_ = std::move(local_types);
  local_slots_ = std::move(local_slots);
  first_home_ = first_home;
  highest_ = first_home;
  settled_ = 0;
  int_ = {};
  vec_ = {};
  last_ = {};
  step_ = {};
  copy_end_ = UINT32_MAX;
}

// ---- operands

std::int32_t Assembler::next_home() const {
  if (stack_.empty()) return first_home_;
  return stack_.back().home + static_cast<std::int32_t>(slots_of(stack_.back().type));
}

void Assembler::push_local(std::uint32_t local) {
  stack_.push_back({.kind = Operand::Kind::Local,
                    .type = local_types_[local],
                    .home = next_home(),
                    .local = local});
  ++pending_[local];
  reserve_slots(next_home());
}

void Assembler::push_const(ValType type, Slot low, Slot high) {
  stack_.push_back(
      {.kind = Operand::Kind::Const, .type = type, .home = next_home(), .bits = {low, high}});
  reserve_slots(next_home());
}

void Assembler::push_home(ValType type) {
  stack_.push_back({.kind = Operand::Kind::Home, .type = type, .home = next_home()});
  reserve_slots(next_home());
  wrote_slot(stack_.back().home, static_cast<std::int32_t>(slots_of(type)));
}

// Operands that read locals when they are consumed must be consumed before the locals change.
void Assembler::count_pending(const Operand& operand, std::int32_t by) {
  const auto amount = static_cast<std::uint32_t>(by);
  const bool sum = operand.kind == Operand::Kind::Sum;
  if (sum || operand.kind == Operand::Kind::Local) pending_[operand.local] += amount;
  if (sum && operand.of_locals) pending_[operand.other] += amount;
}

Operand Assembler::pop() {
  Operand operand = stack_.back();
  stack_.pop_back();
  count_pending(operand, -1);
  if (operand.kind == Operand::Kind::Acc) acc_of(operand.type).owner = -1;
  settled_ = std::min(settled_, stack_.size());
  return operand;
}

void Assembler::push_again(const Operand& operand) {
  stack_.push_back(operand);
  count_pending(operand, 1);
  if (operand.kind == Operand::Kind::Acc) {
    acc_of(operand.type).owner = static_cast<std::int32_t>(stack_.size() - 1);
  }
}

void Assembler::drop_to(std::size_t height) {
  while (stack_.size() > height) pop();
}

void Assembler::retype_top(ValType type) {
  if (top().kind == Operand::Kind::Sum) {
    Operand sum = pop();
    settle_operand(sum);
    push_again(sum);
  }
  stack_.back().type = type;
  last_.kind = Last::Kind::None;
  step_ = {};
}

std::int32_t Assembler::plain_slot_of(const Operand& operand) const {
  return operand.kind == Operand::Kind::Local ? local_slots_[operand.local] : operand.home;
}

bool Assembler::in_acc(const Operand& operand) const {
  if (operand.kind == Operand::Kind::Acc) return true;
  if (operand.kind == Operand::Kind::Const || operand.kind == Operand::Kind::Sum) return false;
  return acc_of(operand.type).copy_of == plain_slot_of(operand);
}

std::int32_t Assembler::slot_of(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::Home:
    case Operand::Kind::Local:
      return plain_slot_of(operand);
    case Operand::Kind::Const:
    case Operand::Kind::Sum:
      materialise(operand, operand.home);
      return operand.home;
    case Operand::Kind::Acc:
      patch_to_slot(acc_of(operand.type), operand.home);
      return operand.home;
  }
  return 0;
}

void Assembler::materialise(const Operand& operand, std::int32_t slot) {
  switch (operand.kind) {
    case Operand::Kind::Home:
    case Operand::Kind::Local:
      if (plain_slot_of(operand) == slot) return;
      if (in_acc(operand)) {
        emit(kStoreAcc[static_cast<int>(class_of(operand.type))], slot, 0, 0);
      } else {
        copy(slot, plain_slot_of(operand), slots_of(operand.type));
      }
      break;
    case Operand::Kind::Const:
      if (operand.type == ValType::V128) {
        emit(&const_128, slot, 0, 0);
        word(operand.bits[0]);
        word(operand.bits[1]);
      } else if (operand.bits[0] <= UINT32_MAX) {
        emit_imm(&const_zero_extended, slot, 0, static_cast<std::uint32_t>(operand.bits[0]));
      } else if (fits_int32(operand.bits[0])) {
        emit_imm(&const_sign_extended, slot, 0, static_cast<std::uint32_t>(operand.bits[0]));
      } else {
        emit(&const_64, slot, 0, 0);
        word(operand.bits[0]);
      }
      break;
    case Operand::Kind::Acc:
      emit(kStoreAcc[static_cast<int>(class_of(operand.type))], slot, 0, 0);
      break;
    case Operand::Kind::Sum:
      emit_sum(operand, Dest::ToSlot, slot);
      wrote_slot(slot, 1);
      note_result_in_acc(operand.type, slot);
      return;
  }
  wrote_slot(slot, static_cast<std::int32_t>(slots_of(operand.type)));
}

void Assembler::copy(std::int32_t to, std::int32_t from, std::uint32_t slots) {
  if (slots == 1 && copy_end_ == here()) {
    // One after the other, as two instructions would.
    out_[here() - 2] = reinterpret_cast<Slot>(kCopyTwo);
    out_[here() - 1] |= Slot{slot_field(to)} << 32 | Slot{slot_field(from)} << 48;
    copy_end_ = UINT32_MAX;
    return;
  }
  emit(kCopy[slots - 1], to, from, 0);
  if (slots == 1) copy_end_ = here();
}

void Assembler::go_home(Operand& operand) {
  if (operand.kind == Operand::Kind::Acc) {
    release(acc_of(operand.type));
    return;
  }
  count_pending(operand, -1);
  materialise(operand, operand.home);
  operand.kind = Operand::Kind::Home;
}

// ---- sums

bool Assembler::push_sum(IntBinary op, const Operand& a, const Operand& b) {
  if (op != IntBinary::I32Add || a.kind != Operand::Kind::Local) return false;
  const bool of_locals = b.kind == Operand::Kind::Local;
  if (!of_locals && b.kind != Operand::Kind::Const) return false;
  stack_.push_back({.kind = Operand::Kind::Sum,
                    .type = ValType::I32,
                    .home = next_home(),
                    .local = a.local,
                    .bits = {b.bits[0], 0},
                    .of_locals = of_locals,
                    .other = b.local});
  count_pending(stack_.back(), 1);
  reserve_slots(next_home());
  return true;
}

void Assembler::settle_sums(std::size_t count, std::size_t skip) {
  for (std::size_t i = stack_.size() - skip - count; i < stack_.size() - skip; ++i) {
    if (stack_[i].kind == Operand::Kind::Sum) go_home(stack_[i]);
  }
}

// The addition itself, into its accumulator or also a slot.
void Assembler::emit_sum(const Operand& sum, Dest dest, std::int32_t slot) {
  begin_result(ValType::I32);
  const auto* row = kIntBinary[static_cast<int>(IntBinary::I32Add)].at;
  const std::int32_t a = local_slots_[sum.local];
  const std::int32_t b = sum.of_locals ? local_slots_[sum.other] : 0;
  const bool a_acc = int_.copy_of == a;
  const bool b_acc = sum.of_locals && !a_acc && int_.copy_of == b;
  Form form = a_acc ? Form::AccImm : Form::SlotImm;
  if (sum.of_locals) form = a_acc ? Form::AccSlot : b_acc ? Form::SlotAcc : Form::SlotSlot;
  const Handler* handlers = row[static_cast<int>(form)];
  const Handler handler = handlers[static_cast<int>(dest)];
  if (sum.of_locals) {
    emit(handler, slot, a_acc ? 0 : a, b_acc ? 0 : b);
  } else {
    emit_imm(handler, slot, a_acc ? 0 : a, static_cast<std::uint32_t>(sum.bits[0]));
  }
  int_.to_slot = handlers[static_cast<int>(Dest::ToSlot)];
  int_.copy_of = kNoSlot;
  last_.kind = dest == Dest::ToAcc ? Last::Kind::IntBinary : Last::Kind::None;
  last_.index = int_.producer;
  last_.end = here();
  last_.op = static_cast<std::uint16_t>(IntBinary::I32Add);
  // As if from slots, which hold the same: what is fused with it reads them there.
  last_.form = sum.of_locals ? Form::SlotSlot : Form::SlotImm;
  last_.a = a;
  last_.b = sum.of_locals ? b : static_cast<std::int32_t>(sum.bits[0]);
}

// A popped sum is computed into the accumulator.
void Assembler::settle_operand(Operand& operand) {
  if (operand.kind != Operand::Kind::Sum) return;
  emit_sum(operand, Dest::ToAcc, 0);
  operand.kind = Operand::Kind::Acc;
}

// Likewise two, of which one may be in the accumulator that the other needs.
void Assembler::settle_operands(Operand& a, Operand& b) {
  for (auto [sum, beside] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (sum->kind != Operand::Kind::Sum) continue;
    if (beside->kind == Operand::Kind::Acc && class_of(beside->type) == Class::Int) {
      *beside = at_home(*beside);
    }
    if (beside->kind == Operand::Kind::Sum) {
      materialise(*sum, sum->home);
      sum->kind = Operand::Kind::Home;
    } else {
      settle_operand(*sum);
    }
  }
}

// ---- accumulators

void Assembler::patch_to_slot(const Accumulator& acc, std::int32_t slot) {
  out_[acc.producer] = reinterpret_cast<Slot>(acc.to_slot);
  out_[acc.producer + 1] = (out_[acc.producer + 1] & ~Slot{0xffff}) | slot_field(slot);
  // The instruction is another now: what would be fused with it may no longer be.
  if (last_.index == acc.producer) last_.kind = Last::Kind::None;
}

void Assembler::release(Accumulator& acc) {
  if (acc.owner < 0) return;
  Operand& operand = stack_[static_cast<std::size_t>(acc.owner)];
  patch_to_slot(acc, operand.home);
  operand.kind = Operand::Kind::Home;
  acc.owner = -1;
  acc.copy_of = operand.home;
  acc.copy_slots = static_cast<std::int32_t>(slots_of(operand.type));
}

// A popped value that is only in its accumulator is written home too.
Operand Assembler::at_home(Operand operand) {
  patch_to_slot(acc_of(operand.type), operand.home);
  note_result_in_acc(operand.type, operand.home);
  operand.kind = Operand::Kind::Home;
  return operand;
}

void Assembler::wrote_slot(std::int32_t slot, std::int32_t slots) {
  for (Accumulator* acc : {&int_, &vec_}) {
    if (acc->copy_of != kNoSlot && slot < acc->copy_of + acc->copy_slots &&
        acc->copy_of < slot + slots) {
      acc->copy_of = kNoSlot;
    }
  }
}

void Assembler::clobber_accs() {
  release(int_);
  release(vec_);
  int_.copy_of = kNoSlot;
  vec_.copy_of = kNoSlot;
}

void Assembler::note_result_in_acc(ValType type, std::int32_t slot) {
  Accumulator& acc = acc_of(type);
  acc.copy_of = slot;
  acc.copy_slots = static_cast<std::int32_t>(slots_of(type));
}

void Assembler::begin_result(ValType type) {
  Accumulator& acc = acc_of(type);
  release(acc);
  last_ = {};
  last_.before = acc;
  acc.producer = here();
}

void Assembler::push_result(ValType type, Handler to_slot) {
  Accumulator& acc = acc_of(type);
  stack_.push_back({.kind = Operand::Kind::Acc, .type = type, .home = next_home()});
  reserve_slots(next_home());
  acc.owner = static_cast<std::int32_t>(stack_.size() - 1);
  acc.to_slot = to_slot;
  acc.copy_of = kNoSlot;
  last_.index = acc.producer;
  last_.end = here();
}

bool Assembler::last_made(const Operand& operand) const {
  return operand.kind == Operand::Kind::Acc && last_.kind != Last::Kind::None &&
         last_.end == here() && acc_of(operand.type).producer == last_.index;
}

void Assembler::undo_last(ValType result) {
  out_.resize(last_.index);
  acc_of(result) = last_.before;
  last_ = {};
}

// ---- instructions

void Assembler::emit(Handler handler, std::int64_t d, std::int64_t a, std::int64_t b,
                     std::int64_t c) {
  out_.push_back(reinterpret_cast<Slot>(handler));
  out_.push_back(Slot{slot_field(d)} | Slot{slot_field(a)} << 16 | Slot{slot_field(b)} << 32 |
                 Slot{slot_field(c)} << 48);
}

void Assembler::emit_imm(Handler handler, std::int64_t d, std::int64_t a, std::uint32_t upper) {
  out_.push_back(reinterpret_cast<Slot>(handler));
  out_.push_back(Slot{slot_field(d)} | Slot{slot_field(a)} << 16 | Slot{upper} << 32);
}

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

void Assembler::preserve_local(std::uint32_t local) {
  for (std::size_t i = stack_.size(); pending_[local] > 0; --i) {
    Operand& operand = stack_[i - 1];
    const bool reads_it = operand.local == local;
    const bool lazy = operand.kind == Operand::Kind::Local || operand.kind == Operand::Kind::Sum;
    const bool reads_other =
        operand.kind == Operand::Kind::Sum && operand.of_locals && operand.other == local;
    if (lazy && (reads_it || reads_other)) go_home(operand);
  }
}

void Assembler::write_local(Operand value, std::uint32_t local) {
  // Keeping what still reads the local may take the accumulator.
  if (pending_[local] > 0 && value.kind == Operand::Kind::Acc) value = at_home(value);
  preserve_local(local);
  settle_operand(value);
  const std::int32_t slot = local_slots_[local];
  if (value.kind == Operand::Kind::Acc) {
    Accumulator& acc = acc_of(value.type);
    if (last_.index == acc.producer && last_.end == here()) {
      note_step(slot);
      patch_to_slot(acc, slot);
      wrote_slot(slot, static_cast<std::int32_t>(slots_of(value.type)));
    } else {
      materialise(value, slot);
    }
    note_result_in_acc(value.type, slot);
  } else if (value.kind == Operand::Kind::Const || plain_slot_of(value) != slot) {
    const bool still_in_acc = in_acc(value);
    materialise(value, slot);
    if (still_in_acc) note_result_in_acc(value.type, slot);
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

void Assembler::set_local(std::uint32_t local) { write_local(pop(), local); }

void Assembler::tee_local(std::uint32_t local) {
  write_local(pop(), local);
  push_local(local);
}

void Assembler::set_global(Class cls, Slot* cell) {
  Operand value = pop();
  settle_operand(value);
  const bool from_acc = in_acc(value);
  const std::int32_t slot = from_acc ? 0 : slot_of(value);
  emit(kGlobalSet[static_cast<int>(cls)][from_acc], 0, slot, 0);
  word(cell);
}

// ---- control

// A branch on the local that was stepped just before, compared so.
std::optional<Fixup> Assembler::branch_on_step(IntBinary compare, std::int32_t limit,
                                               bool limit_is_imm) {
  const Handler handler = step_branch(compare, limit_is_imm);
  const bool wide = compare >= IntBinary::I64Eq && compare <= IntBinary::I64GeU;
  if (!handler || step_.end != here() || step_.wide != wide) return std::nullopt;
  out_.resize(step_.index);
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

Fixup Assembler::jump_somewhere() {
  emit(&jump, 0, 0, 0);
  return {here() - 2, 1};
}

void Assembler::patch(const Fixup& fixup, std::uint32_t target) {
  const std::int64_t distance = std::int64_t{target} - fixup.instruction;
  if (fixup.word == 1) {
    Slot& packed = out_[fixup.instruction + 1];
    packed = (packed & 0xffffffffu) | static_cast<Slot>(distance) << 32;
  } else {
    out_[fixup.word] = static_cast<Slot>(distance);
  }
}

void Assembler::bind_label() {
  int_.copy_of = kNoSlot;
  vec_.copy_of = kNoSlot;
  last_ = {};
  step_ = {};
  copy_end_ = UINT32_MAX;
}

void Assembler::settle(std::size_t values) {
  for (std::size_t i = settled_; i < stack_.size(); ++i) {
    if (stack_[i].kind != Operand::Kind::Const) go_home(stack_[i]);
  }
  settled_ = stack_.size();
  bring_home(values);
}

void Assembler::bring_home(std::size_t values) {
  for (std::size_t i = stack_.size() - values; i < stack_.size(); ++i) go_home(stack_[i]);
}

void Assembler::move_top(std::size_t values, std::int32_t slot) {
  for (std::size_t i = stack_.size() - values; i < stack_.size(); ++i) {
    materialise(stack_[i], slot);
    slot += static_cast<std::int32_t>(slots_of(stack_[i].type));
  }
}

bool Assembler::top_is_at(std::size_t values, std::int32_t slot) const {
  for (std::size_t i = stack_.size() - values; i < stack_.size(); ++i) {
    if (stack_[i].kind != Operand::Kind::Home || stack_[i].home != slot) return false;
    slot += static_cast<std::int32_t>(slots_of(stack_[i].type));
  }
  return true;
}

}  // namespace wherry::wasm::interp
