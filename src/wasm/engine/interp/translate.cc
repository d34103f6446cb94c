#include "wasm/engine/interp/translate.h"

#include <algorithm>

#include "base/error.h"
#include "wasm/engine/interp/assembler.h"
#include "wasm/engine/interp/body_reader.h"
#include "wasm/engine/interp/chain.h"
#include "wasm/engine/interp/vector.h"

namespace wherry::wasm::interp {
namespace {

// What a label's branches and its block's end agree on.
struct Control {
  enum class Kind : std::uint8_t { Function, Block, Loop, If };
  Kind kind = Kind::Block;
  FuncType type;
  std::size_t height = 0;      // operands below the block's parameters
  std::int32_t home = 0;       // slot of its first parameter, and of its first result
  std::uint32_t start = 0;     // Loop: where branches lead
  std::size_t ordinal = 0;     // Loop: among the function's
  std::vector<Fixup> to_end;   // branches that leave the block
  std::vector<Fixup> to_else;  // If: the branch of its condition, until an else is met

  std::span<const ValType> label_types() const {
    return kind == Kind::Loop ? std::span(type.params) : std::span(type.results);
  }
};

// To find a function's loops later takes as long as to translate it: a pause in which the guest does nothing.
constexpr std::size_t kLargeBody = 8 * 1024;

class Translator {
 public:
  Translator(Store::Impl& store, const Function& function)
      : store_(store),
        instance_(*function.instance),
        module_(*instance_.module),
        function_(function),
        code_(module_.code[function.index - module_.imported_functions]),
        reader_(code_.body) {}

  Translated run();
  FunctionLoops loops();

 private:
  void translate();
  void note_loop(Control& control);
  void prologue();
  void instruction(Opcode opcode);
  void unreachable_instruction(Opcode opcode);
  FuncType block_type();
  void open(Control::Kind kind);
  void on_else();
  void on_end();
  void bind(std::vector<Fixup>& fixups);
  void go_dead();

  Control& label(std::uint32_t depth) { return controls_[controls_.size() - 1 - depth]; }
  void branch_to(Control& target);
  void branch();
  void branch_if();
  void branch_table();
  void return_results();
  void call(std::uint32_t index);
  void call_indirect();
  void begin_call(const FuncType& type);
  void end_call(const FuncType& type);
  void select();
  void bulk(Opcode opcode);
  void three_slots(Handler handler);

  Store::Impl& store_;
  Instance& instance_;
  const Module& module_;
  const Function& function_;
  const Code& code_;
  BodyReader reader_;
  Assembler out_;
  std::vector<Control> controls_;
  std::vector<std::uint32_t> loop_heads_;
  bool finds_loops_ = false;
  FunctionLoops found_;
  bool dead_ = false;         // behind a branch that always leaves
  unsigned dead_blocks_ = 0;  // opened since
  std::int32_t callee_frame_ = 0;
};

void Translator::translate() {
  prologue();
  while (!controls_.empty()) {
    const Opcode opcode = reader_.opcode();
    if (dead_) {
      unreachable_instruction(opcode);
    } else {
      instruction(opcode);
    }
  }
}

FunctionLoops Translator::loops() {
  finds_loops_ = true;
  translate();
  return std::move(found_);
}

Translated Translator::run() {
  finds_loops_ = code_.body.size() >= kLargeBody;
  translate();
  // The frame's size is known only now; slack for the header of a function called from here.
  out_.words()[1] =
      (out_.words()[1] & 0xffffffffu) | static_cast<Slot>(out_.highest_slot() + kHeaderSlots) << 32;
  join_chains(out_.words(), out_.starts(), loop_heads_);
  Translated made{.code = store_.code.keep(out_.words())};
  if (finds_loops_) made.loops = std::move(found_);
  return made;
}

void Translator::prologue() {
  const FuncType& type = *function_.type;
  std::vector<ValType> types = type.params;
  std::vector<std::int32_t> slots;
  std::int32_t slot = -std::int32_t{function_.argument_slots};
  for (ValType param : type.params) {
    slots.push_back(slot);
    slot += static_cast<std::int32_t>(slots_of(param));
  }
  slot = kHeaderSlots;
  for (const LocalGroup& group : code_.locals) {
    for (std::uint32_t i = 0; i < group.count; ++i) {
      types.push_back(group.type);
      slots.push_back(slot);
      slot += static_cast<std::int32_t>(slots_of(group.type));
    }
  }
  for (std::size_t i = 0; finds_loops_ && i < types.size(); ++i) {
    found_.locals.push_back({.type = types[i], .slot = slots[i]});
  }
  out_.start(std::move(types), std::move(slots), slot);
  out_.emit(kEnter, kHeaderSlots, slot - kHeaderSlots, 0);
  controls_.push_back({.kind = Control::Kind::Function, .type = type, .home = slot});
}

FuncType Translator::block_type() {
  const std::int64_t raw = reader_.s64();
  if (raw >= 0) return module_.types[static_cast<std::size_t>(raw)];
  if (raw == -64) return {};  // 0x40
  return {.results = {static_cast<ValType>(raw & 0x7f)}};
}

void Translator::open(Control::Kind kind) {
  Control control{.kind = kind, .type = block_type()};
  if (kind == Control::Kind::If) {
    // What lies below the condition goes home first, so that where nothing has to, the comparison
    // is still the last instruction and fuses with the branch.
    out_.settle_sums(out_.height() - 1, 1);
    const Operand condition = out_.pop();
    out_.settle(control.type.params.size());
    out_.push_again(condition);
    control.to_else.push_back(out_.branch_on_top(false));
  } else {
    out_.settle(control.type.params.size());
  }
  control.height = out_.height() - control.type.params.size();
  control.home = out_.next_home() - static_cast<std::int32_t>(slots_of(control.type.params));
  if (kind == Control::Kind::Loop) {
    out_.bind_label();
    control.start = out_.here();
    loop_heads_.push_back(control.start);
    if (finds_loops_) note_loop(control);
  }
  controls_.push_back(std::move(control));
}

void Translator::note_loop(Control& control) {
  control.ordinal = found_.loops.size();
  LoopHead& head = found_.loops.emplace_back();
  head.is_reachable = true;
  head.start = control.start;
  for (std::size_t i = 0; i < out_.height(); ++i) {
    const Operand& operand = out_.at(i);
    const bool is_constant = operand.kind == Operand::Kind::Const;
    WHERRY_CHECK(is_constant || operand.kind == Operand::Kind::Home);
    head.operands.push_back({.type = operand.type,
                             .is_constant = is_constant,
                             .slot = operand.home,
                             .bits = {operand.bits[0], operand.bits[1]}});
  }
}

void Translator::bind(std::vector<Fixup>& fixups) {
  for (const Fixup& fixup : fixups) out_.patch(fixup, out_.here());
  if (!fixups.empty()) out_.bind_label();
  fixups.clear();
}

void Translator::go_dead() {
  dead_ = true;
  dead_blocks_ = 0;
}

void Translator::on_else() {
  Control& control = controls_.back();
  if (!dead_) {
    out_.settle(control.type.results.size());
    control.to_end.push_back(out_.jump_somewhere());
  }
  out_.drop_to(control.height);
  bind(control.to_else);
  out_.bind_label();
  for (ValType param : control.type.params) out_.push_home(param);
  dead_ = false;
}

void Translator::on_end() {
  Control control = std::move(controls_.back());
  if (finds_loops_ && control.kind == Control::Kind::Loop)
    found_.loops[control.ordinal].end = out_.here();
  if (control.kind == Control::Kind::Function) {
    if (!dead_) return_results();
    if (!control.to_end.empty()) {
      out_.drop_to(0);
      bind(control.to_end);
      for (ValType result : control.type.results) out_.push_home(result);
      return_results();
    }
    controls_.pop_back();
    return;
  }
  controls_.pop_back();
  const bool merges = !control.to_end.empty() || !control.to_else.empty();
  if (!dead_ && !merges) {
    // Nobody else comes here: what is on the stack simply goes on.
    return;
  }
  if (!dead_) out_.settle(control.type.results.size());
  if (dead_ && !merges) return;  // behind it is as dead as before it
  out_.drop_to(control.height);
  bind(control.to_else);  // an `if` without an else: parameters are results
  bind(control.to_end);
  for (ValType result : control.type.results) out_.push_home(result);
  dead_ = false;
}

void Translator::unreachable_instruction(Opcode opcode) {
  switch (opcode) {
    case Opcode::Loop:
      if (finds_loops_) found_.loops.emplace_back();
      [[fallthrough]];
    case Opcode::Block:
    case Opcode::If:
      reader_.skip_immediates(Immediate::Block);
      ++dead_blocks_;
      break;
    case Opcode::Else:
      if (dead_blocks_ == 0) on_else();
      break;
    case Opcode::End:
      if (dead_blocks_ == 0) {
        on_end();
      } else {
        --dead_blocks_;
      }
      break;
    default:
      reader_.skip_immediates(info(opcode).immediate);
  }
}

void Translator::branch_to(Control& target) {
  const Fixup fixup = out_.jump_somewhere();
  if (target.kind == Control::Kind::Loop) {
    out_.patch(fixup, target.start);
  } else {
    target.to_end.push_back(fixup);
  }
}

void Translator::branch() {
  Control& target = label(reader_.u32());
  if (target.kind == Control::Kind::Function) {
    return_results();
  } else {
    out_.move_top(target.label_types().size(), target.home);
    branch_to(target);
  }
  go_dead();
}

void Translator::branch_if() {
  Control& target = label(reader_.u32());
  const std::size_t values = target.label_types().size();
  // The condition is on top of the values.
  const Operand condition = out_.pop();
  const bool in_place =
      target.kind != Control::Kind::Function && out_.top_is_at(values, target.home);
  const bool returns_nothing = target.kind == Control::Kind::Function && values == 0;
  out_.push_again(condition);
  if (in_place || returns_nothing) {
    const Fixup fixup = out_.branch_on_top(true);
    if (target.kind == Control::Kind::Loop) {
      out_.patch(fixup, target.start);
    } else {
      target.to_end.push_back(fixup);
    }
    return;
  }
  const Fixup over = out_.branch_on_top(false);
  out_.move_top(values, target.home);
  branch_to(target);
  out_.patch(over, out_.here());
  out_.bind_label();
}

void Translator::branch_table() {
  const Operand index = out_.pop();
  std::vector<std::uint32_t> depths(reader_.u32() + 1);
  for (std::uint32_t& depth : depths) depth = reader_.u32();
  const std::size_t values = label(depths.back()).label_types().size();
  const bool from_acc = values == 0 && out_.in_acc(index);
  const std::int32_t slot = from_acc ? 0 : out_.slot_of(index);
  out_.bring_home(values);
  const std::uint32_t at = out_.here();
  out_.emit_imm(kBranchTable[from_acc], 0, slot, static_cast<std::uint32_t>(depths.size() - 1));
  for (std::size_t i = 0; i < depths.size(); ++i) out_.word(Slot{0});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stubs;  // depth, where its moves stand
  for (std::size_t i = 0; i < depths.size(); ++i) {
    const Fixup fixup{at, at + 2 + static_cast<std::uint32_t>(i)};
    Control& target = label(depths[i]);
    const bool in_place = values == 0 || out_.top_is_at(values, target.home);
    if (in_place) {
      if (target.kind == Control::Kind::Loop) {
        out_.patch(fixup, target.start);
      } else {
        target.to_end.push_back(fixup);
      }
      continue;
    }
    auto stub = std::find_if(stubs.begin(), stubs.end(),
                             [&](const auto& made) { return made.first == depths[i]; });
    if (stub == stubs.end()) {
      stubs.emplace_back(depths[i], out_.here());
      stub = stubs.end() - 1;
      out_.bind_label();
      out_.move_top(values, target.home);
      branch_to(target);
    }
    out_.patch(fixup, stub->second);
  }
  go_dead();
}

void Translator::return_results() {
  const std::vector<ValType>& results = function_.type->results;
  const std::int32_t to = -std::int32_t{function_.argument_slots};
  if (results.empty()) {
    out_.emit(kReturnNothing, 0, 0, 0);
    return;
  }
  if (results.size() == 1) {
    const Operand value = out_.pop();
    const bool from_acc = out_.in_acc(value);
    const std::int32_t slot = from_acc ? 0 : out_.slot_of(value);
    out_.emit(kReturn[static_cast<int>(class_of(results[0]))][from_acc], to, slot, 0);
    return;
  }
  // All of them at home first: an argument's slot may be source and destination.
  out_.bring_home(results.size());
  out_.move_top(results.size(), to);
  out_.emit(kReturnNothing, 0, 0, 0);
}

void Translator::begin_call(const FuncType& type) {
  out_.bring_home(type.params.size());
  out_.clobber_accs();
  const auto argument_slots =
      static_cast<std::int32_t>(std::max(slots_of(type.params), slots_of(type.results)));
  callee_frame_ =
      out_.next_home() - static_cast<std::int32_t>(slots_of(type.params)) + argument_slots;
  out_.reserve_slots(callee_frame_ + kHeaderSlots);
}

void Translator::end_call(const FuncType& type) {
  out_.drop_to(out_.height() - type.params.size());
  for (ValType result : type.results) out_.push_home(result);
  if (type.results.size() == 1) out_.note_result_in_acc(type.results[0], out_.top().home);
}

void Translator::call(std::uint32_t index) {
  const Function* callee = instance_.functions[index];
  begin_call(*callee->type);
  const bool across = callee->instance && callee->instance != &instance_;
  out_.emit(across ? &call_across : kCall, callee_frame_, 0, 0);
  out_.word(callee);
  if (across) out_.word(reinterpret_cast<Slot>(&reload_memory));
  end_call(*callee->type);
}

void Translator::call_indirect() {
  const std::uint32_t type_index = reader_.u32();
  const Table* table = instance_.tables[reader_.u32()];
  const FuncType& type = module_.types[type_index];
  // Computing one later would overwrite the accumulator that the popped index may be in.
  out_.settle_sums(type.params.size(), 1);
  const Operand index = out_.pop();
  const bool from_acc = out_.in_acc(index);
  // An index at home stands where the callee's frame begins: it is read before that is written.
  const std::int32_t slot = from_acc ? 0 : out_.slot_of(index);
  begin_call(type);
  out_.emit_imm(kCallIndirect[from_acc], callee_frame_, slot, instance_.type_ids[type_index]);
  out_.word(table);
  out_.word(reinterpret_cast<Slot>(&reload_memory));
  end_call(type);
}

void Translator::select() {
  out_.settle_sums(3);
  const Operand condition = out_.pop();
  const Operand b = out_.pop();
  const Operand a = out_.pop();
  const Class cls = class_of(a.type);
  const bool from_acc = out_.in_acc(condition);
  const std::int32_t condition_slot = from_acc ? 0 : out_.slot_of(condition);
  const std::int32_t a_slot = out_.slot_of(a);
  const std::int32_t b_slot = out_.slot_of(b);
  out_.begin_result(a.type);
  const Handler* handlers = kSelect[static_cast<int>(cls)][from_acc];
  out_.emit(handlers[0], 0, a_slot, b_slot, condition_slot);
  out_.push_result(a.type, handlers[1]);
}

void Translator::three_slots(Handler handler) {
  out_.settle_sums(3);
  const Operand c = out_.pop();
  const Operand b = out_.pop();
  const Operand a = out_.pop();
  const std::int32_t c_slot = out_.slot_of(c);
  const std::int32_t b_slot = out_.slot_of(b);
  const std::int32_t a_slot = out_.slot_of(a);
  out_.emit(handler, a_slot, b_slot, c_slot);
}

void Translator::bulk(Opcode opcode) {
  switch (opcode) {
    case Opcode::MemoryCopy:
      reader_.byte();
      reader_.byte();
      three_slots(&memory_copy_op);
      out_.word(instance_.memories[0]);
      break;
    case Opcode::MemoryFill:
      reader_.byte();
      three_slots(&memory_fill_op);
      out_.word(instance_.memories[0]);
      break;
    case Opcode::MemoryInit: {
      const std::uint32_t segment = reader_.u32();
      reader_.byte();
      three_slots(&memory_init_op);
      out_.word(&instance_);
      out_.word(Slot{segment});
      break;
    }
    case Opcode::DataDrop:
      out_.emit_imm(&data_drop, 0, 0, reader_.u32());
      out_.word(&instance_);
      break;
    case Opcode::TableInit: {
      const std::uint32_t segment = reader_.u32();
      const std::uint32_t table = reader_.u32();
      three_slots(&table_init_op);
      out_.word(&instance_);
      out_.word(Slot{table} << 32 | segment);
      break;
    }
    case Opcode::ElemDrop:
      out_.emit_imm(&elem_drop, 0, 0, reader_.u32());
      out_.word(&instance_);
      break;
    case Opcode::TableCopy: {
      Table* to = instance_.tables[reader_.u32()];
      Table* from = instance_.tables[reader_.u32()];
      three_slots(&table_copy_op);
      out_.word(to);
      out_.word(from);
      break;
    }
    case Opcode::TableFill: {
      Table* table = instance_.tables[reader_.u32()];
      three_slots(&table_fill_op);
      out_.word(table);
      break;
    }
    case Opcode::TableGrow: {
      Table* table = instance_.tables[reader_.u32()];
      out_.settle_sums(2);
      const Operand by = out_.pop();
      const Operand init = out_.pop();
      const std::int32_t by_slot = out_.slot_of(by);
      const std::int32_t init_slot = out_.slot_of(init);
      out_.emit(&table_grow, out_.next_home(), init_slot, by_slot);
      out_.word(table);
      out_.push_home(ValType::I32);
      break;
    }
    case Opcode::TableSize: {
      Table* table = instance_.tables[reader_.u32()];
      out_.emit(&table_size, out_.next_home(), 0, 0);
      out_.word(table);
      out_.push_home(ValType::I32);
      break;
    }
    default:
      WHERRY_CHECK(false);
  }
}

constexpr ValType kI32 = ValType::I32;

void Translator::instruction(Opcode opcode) {
  switch (opcode) {
    case Opcode::Unreachable:
      out_.emit(&interp::unreachable, 0, 0, 0);
      return go_dead();
    case Opcode::Nop:
      return;
    case Opcode::Block:
      return open(Control::Kind::Block);
    case Opcode::Loop:
      return open(Control::Kind::Loop);
    case Opcode::If:
      return open(Control::Kind::If);
    case Opcode::Else:
      return on_else();
    case Opcode::End:
      return on_end();
    case Opcode::Br:
      return branch();
    case Opcode::BrIf:
      return branch_if();
    case Opcode::BrTable:
      return branch_table();
    case Opcode::Return:
      return_results();
      return go_dead();
    case Opcode::Call:
      return call(reader_.u32());
    case Opcode::CallIndirect:
      return call_indirect();
    case Opcode::Drop:
      out_.pop();
      return;
    case Opcode::SelectTyped:
      reader_.skip_immediates(Immediate::Types);
      return select();
    case Opcode::Select:
      return select();
    case Opcode::LocalGet:
      return out_.push_local(reader_.u32());
    case Opcode::LocalSet:
      return out_.set_local(reader_.u32());
    case Opcode::LocalTee:
      return out_.tee_local(reader_.u32());
    case Opcode::GlobalGet: {
      Global* global = instance_.globals[reader_.u32()];
      const ValType type = global->type.type;
      out_.begin_result(type);
      const Handler* handlers = kGlobalGet[static_cast<int>(class_of(type))];
      out_.emit(handlers[0], 0, 0, 0);
      out_.word(&global->cell[0]);
      return out_.push_result(type, handlers[1]);
    }
    case Opcode::GlobalSet: {
      Global* global = instance_.globals[reader_.u32()];
      return out_.set_global(class_of(global->type.type), global->cell);
    }
    case Opcode::TableGet: {
      Table* table = instance_.tables[reader_.u32()];
      const std::int32_t index = out_.slot_of(out_.pop());
      out_.emit(&table_get, out_.next_home(), index, 0);
      out_.word(table);
      return out_.push_home(table->type.element);
    }
    case Opcode::TableSet: {
      Table* table = instance_.tables[reader_.u32()];
      out_.settle_sums(2);
      const Operand value = out_.pop();
      const Operand index = out_.pop();
      const std::int32_t value_slot = out_.slot_of(value);
      const std::int32_t index_slot = out_.slot_of(index);
      out_.emit(&table_set, 0, index_slot, value_slot);
      return out_.word(table);
    }
    case Opcode::MemorySize:
      reader_.byte();
      out_.emit(&memory_size, out_.next_home(), 0, 0);
      out_.word(instance_.memories[0]);
      return out_.push_home(kI32);
    case Opcode::MemoryGrow: {
      reader_.byte();
      const std::int32_t by = out_.slot_of(out_.pop());
      out_.emit(&memory_grow, out_.next_home(), by, 0);
      out_.word(instance_.memories[0]);
      return out_.push_home(kI32);
    }
    case Opcode::I32Const:
      return out_.push_const(kI32, static_cast<std::uint32_t>(reader_.s64()));
    case Opcode::I64Const:
      return out_.push_const(ValType::I64, static_cast<Slot>(reader_.s64()));
    case Opcode::F32Const:
      return out_.push_const(ValType::F32, reader_.fixed<std::uint32_t>());
    case Opcode::F64Const:
      return out_.push_const(ValType::F64, reader_.fixed<std::uint64_t>());
    case Opcode::V128Const: {
      const auto low = reader_.fixed<std::uint64_t>();
      return out_.push_const(ValType::V128, low, reader_.fixed<std::uint64_t>());
    }
    case Opcode::RefNull:
      return out_.push_const(static_cast<ValType>(reader_.byte()), 0);
    case Opcode::RefFunc:
      return out_.push_const(ValType::FuncRef,
                             reinterpret_cast<Slot>(instance_.functions[reader_.u32()]));
    case Opcode::RefIsNull:
      out_.push_const(ValType::I64, 0);
      return out_.binary_int(IntBinary::I64Eq, ValType::I64, kI32, true, true);
    case Opcode::I32Eqz:
      out_.push_const(kI32, 0);
      return out_.binary_int(IntBinary::I32Eq, kI32, kI32, true, true);
    case Opcode::I64Eqz:
      out_.push_const(ValType::I64, 0);
      return out_.binary_int(IntBinary::I64Eq, ValType::I64, kI32, true, true);
    case Opcode::I64ExtendI32U:
      // An i32 is kept zero-extended.
      return out_.retype_top(ValType::I64);
    case Opcode::MemoryInit:
    case Opcode::DataDrop:
    case Opcode::MemoryCopy:
    case Opcode::MemoryFill:
    case Opcode::TableInit:
    case Opcode::ElemDrop:
    case Opcode::TableCopy:
    case Opcode::TableGrow:
    case Opcode::TableSize:
    case Opcode::TableFill:
      return bulk(opcode);

#define WHERRY_OPERAND_TYPE(name) info(Opcode::name).operands[0]
#define WHERRY_RESULT_TYPE(name) info(Opcode::name).result
#define WHERRY_COMMUTES(name)                                                              \
  (std::string_view(#name).ends_with("Add") || std::string_view(#name).ends_with("Mul") || \
   std::string_view(#name).ends_with("And") || std::string_view(#name).ends_with("Or") ||  \
   std::string_view(#name).ends_with("Xor") || std::string_view(#name).ends_with("Eq") ||  \
   std::string_view(#name).ends_with("Ne"))
#define WHERRY_INT_BINARY(name, ...)                                                             \
  case Opcode::name:                                                                             \
    return out_.binary_int(IntBinary::name, WHERRY_OPERAND_TYPE(name), WHERRY_RESULT_TYPE(name), \
                           WHERRY_COMMUTES(name), false);
#define WHERRY_INT_DIVIDE WHERRY_INT_BINARY
#define WHERRY_INT_COMPARE(name, ...)                                        \
  case Opcode::name:                                                         \
    return out_.binary_int(IntBinary::name, WHERRY_OPERAND_TYPE(name), kI32, \
                           WHERRY_COMMUTES(name), true);
#define WHERRY_FLOAT_BINARY(name, ...)                                     \
  case Opcode::name:                                                       \
    return out_.binary_float(FloatBinary::name, WHERRY_OPERAND_TYPE(name), \
                             WHERRY_RESULT_TYPE(name), WHERRY_COMMUTES(name), false);
#define WHERRY_FLOAT_COMPARE(name, ...)                                          \
  case Opcode::name:                                                             \
    return out_.binary_float(FloatBinary::name, WHERRY_OPERAND_TYPE(name), kI32, \
                             WHERRY_COMMUTES(name), true);
#define WHERRY_UNARY(name, ...) \
  case Opcode::name:            \
    return out_.unary(kUnary[static_cast<int>(Unary::name)], WHERRY_RESULT_TYPE(name));
#define WHERRY_TRUNCATE WHERRY_UNARY
#include "wasm/engine/interp/numeric.def"

#define WHERRY_LOAD(name, ...) \
  case Opcode::name:           \
    reader_.u32();             \
    return out_.load(LoadOp::name, WHERRY_RESULT_TYPE(name), reader_.u32());
#define WHERRY_VECTOR_LOAD WHERRY_LOAD
#define WHERRY_STORE(name, ...) \
  case Opcode::name:            \
    reader_.u32();              \
    return out_.store(StoreOp::name, info(Opcode::name).operands[1], reader_.u32());
#include "wasm/engine/interp/memory.def"

    default:
      return translate_vector(out_, reader_, opcode);
  }
}

}  // namespace

Translated translate(Store::Impl& store, const Function& function) {
  return in_context([&] { return fmt::format("translate function {}", function.index); },
                    [&] { return Translator(store, function).run(); });
}

FunctionLoops find_loops(Store::Impl& store, const Function& function) {
  return Translator(store, function).loops();
}

}  // namespace wherry::wasm::interp
