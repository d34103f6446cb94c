// The translator's model of the machine: an operand stack known at translation time, and which of
// its values are in slots, in locals, in constants, in an accumulator.
//
// local.get, const and the sum of a local and one of the two emit nothing: they push a description
// that the consumer encodes (a sum is what addresses are made of). A result is
// emitted into its accumulator; when something else needs that accumulator first, the instruction
// that produced it is patched to also write the value's home, the slot of its stack position.
// At block boundaries everything but constants is at home.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "wasm/engine/interp/control.h"
#include "wasm/engine/interp/fused.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {

struct Operand {
  enum class Kind : std::uint8_t { Home, Local, Const, Acc, Sum };
  Kind kind = Kind::Home;
  ValType type = ValType::I32;
  std::int32_t home = 0;    // slot of its stack position
  std::uint32_t local = 0;  // Local; Sum: one term
  Slot bits[2] = {0, 0};    // Const, an i32 zero-extended; Sum: the other term where it is constant
  bool of_locals = false;   // Sum: the other term is a local ...
  std::uint32_t other = 0;  // ... namely this one
};

// A branch whose target is not known yet: the instruction, and the word that takes the distance
// (1: the upper half of word 1).
struct Fixup {
  std::uint32_t instruction;
  std::uint32_t word;
};

// Whether a 32-bit immediate, sign-extended, is the value.
constexpr bool fits_int32(std::uint64_t value) {
  return static_cast<std::int64_t>(value) == static_cast<std::int32_t>(value);
}

// The comparison that holds where op does not; Count where op is none.
IntBinary inverse(IntBinary op);

class Assembler {
 public:
  // Locals with their slots; homes start at first_home.
  void start(std::vector<ValType> local_types, std::vector<std::int32_t> local_slots,
             std::int32_t first_home);

  // --- operands
  std::size_t height() const { return stack_.size(); }
  const Operand& top() const { return stack_.back(); }
  const Operand& at(std::size_t index) const { return stack_[index]; }
  // The top's bits are a value of another type as they are. Nothing fuses over the change.
  void retype_top(ValType type);
  std::int32_t next_home() const;
  void push_local(std::uint32_t local);
  void push_const(ValType type, Slot low, Slot high = 0);
  // A value that an instruction just emitted wrote to next_home().
  void push_home(ValType type);
  Operand pop();
  // Undoes a pop(); nothing that overwrites accumulators may have been emitted since.
  void push_again(const Operand& operand);
  void drop_to(std::size_t height);

  // Sums among `count` operands below the top `skip` are computed and put at home: before popping
  // several operands for slot_of(), since computing one takes the integer accumulator.
  void settle_sums(std::size_t count, std::size_t skip = 0);
  // A slot holding the operand, which was popped; emits what that needs.
  std::int32_t slot_of(const Operand& operand);
  // Whether the operand can be taken from its accumulator.
  bool in_acc(const Operand& operand) const;
  std::int32_t plain_slot_of(const Operand& operand) const;  // of a Home or Local

  // --- instructions
  std::uint32_t here() const { return static_cast<std::uint32_t>(out_.size()); }
  void emit(Handler handler, std::int64_t d, std::int64_t a, std::int64_t b, std::int64_t c = 0);
  void emit_imm(Handler handler, std::int64_t d, std::int64_t a, std::uint32_t upper);
  void word(Slot value) { out_.push_back(value); }
  template <typename T>
  void word(T* pointer) {
    out_.push_back(reinterpret_cast<Slot>(pointer));
  }
  // The instruction that emit* is about to make produces a value of the type into its accumulator
  // (handlers[ToAcc]), or its slot d if it is patched (handlers[ToSlot]). Call before emit*, after
  // popping its operands; then push_result().
  void begin_result(ValType type);
  void push_result(ValType type, Handler to_slot);

  void binary_int(IntBinary op, ValType operands, ValType result, bool commutes, bool compares);
  void binary_float(FloatBinary op, ValType operands, ValType result, bool commutes, bool compares);
  // Two operands that fuse with nothing; an integer on the right may be an immediate.
  void binary(const BinaryHandlers& handlers, ValType result);
  void unary(const UnaryHandlers& handlers, ValType result);
  void load(LoadOp op, ValType result, std::uint32_t offset);
  void store(StoreOp op, ValType value, std::uint32_t offset);
  void set_local(std::uint32_t local);
  void tee_local(std::uint32_t local);
  void set_global(Class cls, Slot* cell);

  // --- control
  // A conditional branch on the popped top; returns what is to be patched.
  Fixup branch_on_top(bool when);
  Fixup jump_somewhere();
  void patch(const Fixup& fixup, std::uint32_t target);
  // Control may come here from elsewhere.
  void bind_label();
  // Everything on the stack is put where other paths expect it. The top `values` also if constant.
  void settle(std::size_t values);
  // The top values are put at home, constants too; the rest stays where it is.
  void bring_home(std::size_t values);
  // The top values are put into consecutive slots from `slot`; the model does not change.
  void move_top(std::size_t values, std::int32_t slot);
  bool top_is_at(std::size_t values, std::int32_t slot) const;
  // What is in accumulators only goes home, since the guest's next instruction overwrites both.
  void clobber_accs();
  // A call left its only result in the accumulator and in the slot.
  void note_result_in_acc(ValType type, std::int32_t slot);

  std::int32_t highest_slot() const { return highest_; }  // one past
  void reserve_slots(std::int32_t end) { highest_ = std::max(highest_, end); }
  std::vector<Slot>& words() { return out_; }
  // Where instructions begin.
  std::span<const std::uint32_t> starts() const { return starts_; }

 private:
  static constexpr std::int32_t kNoSlot = INT32_MIN;

  struct Accumulator {
    std::int32_t owner = -1;     // stack index of the value that is only here
    std::uint32_t producer = 0;  // instruction that made it
    Handler to_slot = nullptr;
    std::int32_t copy_of = kNoSlot;  // a slot that holds the same
    std::int32_t copy_slots = 1;
  };
  // The last instruction, while nothing was emitted and no label bound after it.
  struct Last {
    enum class Kind : std::uint8_t { None, IntBinary, IntCompare, FloatBinary, FloatCompare, Load };
    Kind kind = Kind::None;
    std::uint32_t index = 0;
    std::uint32_t end = 0;
    std::uint16_t op = 0;
    Form form = Form::SlotSlot;
    std::int32_t a = 0;
    std::int32_t b = 0;  // slot or immediate; of a Load the offset
    Accumulator before;  // the one that it made its result in
  };
  // A local stepped by a constant, while nothing was emitted and no label bound after it.
  struct Step {
    std::uint32_t index = 0;
    std::uint32_t end = UINT32_MAX;
    bool wide = false;
    std::int32_t slot = 0;
    std::int32_t by = 0;
  };

  Accumulator& acc_of(ValType type) { return class_of(type) == Class::Int ? int_ : vec_; }
  const Accumulator& acc_of(ValType type) const {
    return class_of(type) == Class::Int ? int_ : vec_;
  }
  void release(Accumulator& acc);
  void patch_to_slot(const Accumulator& acc, std::int32_t slot);
  Operand at_home(Operand operand);
  void wrote_slot(std::int32_t slot, std::int32_t slots);
  void materialise(const Operand& operand, std::int32_t slot);
  void count_pending(const Operand& operand, std::int32_t by);
  bool push_sum(IntBinary op, const Operand& a, const Operand& b);
  void emit_sum(const Operand& sum, Dest dest, std::int32_t slot);
  void settle_operands(Operand& a, Operand& b);
  void settle_operand(Operand& operand);
  void copy(std::int32_t to, std::int32_t from, std::uint32_t slots);
  void go_home(Operand& operand);
  void preserve_local(std::uint32_t local);
  void write_local(Operand value, std::uint32_t local);
  Form choose_form(const Operand& a, const Operand& b, bool imm_fits);
  bool last_made(const Operand& operand) const;
  void undo_last(ValType result);
  bool fuse_int(IntBinary op, const Operand& a, const Operand& b, ValType type);
  bool fuse_float(FloatBinary op, const Operand& x, const Operand& made, ValType type,
                  bool reversed);
  void emit_fused(const Handler (&from_slot)[2], const Handler (&from_acc)[2], const Operand& x,
                  std::int32_t b, std::int64_t c, ValType type);
  std::optional<Fixup> branch_on_step(IntBinary compare, std::int32_t limit, bool limit_is_imm);
  void note_step(std::int32_t slot);

  void begin_instruction(Handler handler);
  void cut(std::uint32_t end);

  std::vector<Slot> out_;
  std::vector<std::uint32_t> starts_;
  std::vector<Operand> stack_;
  std::vector<ValType> local_types_;
  std::vector<std::int32_t> local_slots_;
  std::vector<std::uint32_t> pending_;  // per local: how often it is on the stack undelivered
  std::int32_t first_home_ = 0;
  std::int32_t highest_ = 0;
  std::size_t settled_ = 0;  // stack entries below are settled
  Accumulator int_;
  Accumulator vec_;
  Last last_;
  Step step_;
  std::uint32_t copy_end_ = UINT32_MAX;  // where the last instruction ends, if it is a copy
};

}  // namespace wherry::wasm::interp
