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

}  // namespace

void Assembler::start(std::vector<ValType> local_types, std::vector<std::int32_t> local_slots,
                      std::int32_t first_home) {
  out_.clear();
  starts_.clear();
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
        emit_imm(kConstZeroExtended, slot, 0, static_cast<std::uint32_t>(operand.bits[0]));
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
  cut(last_.index);
  acc_of(result) = last_.before;
  last_ = {};
}

// ---- instructions

void Assembler::begin_instruction(Handler handler) {
  starts_.push_back(here());
  out_.push_back(reinterpret_cast<Slot>(handler));
}

// As if nothing from there on had been emitted.
void Assembler::cut(std::uint32_t end) {
  out_.resize(end);
  while (!starts_.empty() && starts_.back() >= end) starts_.pop_back();
}

void Assembler::emit(Handler handler, std::int64_t d, std::int64_t a, std::int64_t b,
                     std::int64_t c) {
  begin_instruction(handler);
  out_.push_back(Slot{slot_field(d)} | Slot{slot_field(a)} << 16 | Slot{slot_field(b)} << 32 |
                 Slot{slot_field(c)} << 48);
}

void Assembler::emit_imm(Handler handler, std::int64_t d, std::int64_t a, std::uint32_t upper) {
  begin_instruction(handler);
  out_.push_back(Slot{slot_field(d)} | Slot{slot_field(a)} << 16 | Slot{upper} << 32);
}

// ---- locals

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

// ---- where paths meet

Fixup Assembler::jump_somewhere() {
  emit(kJump, 0, 0, 0);
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
