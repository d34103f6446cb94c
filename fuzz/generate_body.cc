#include "generate_body.h"

#include <algorithm>

#include "base/error.h"
#include "wasm/format/module_writer.h"

namespace wherry::fuzz {

using namespace wasm;
using namespace wasm::writer;

namespace {

constexpr unsigned kBudget = 600;  // instructions a body, about
constexpr unsigned kDepth = 6;
constexpr unsigned kStatements = 4;  // in a row, at most
constexpr unsigned kLocals = 8;
constexpr std::uint32_t kTableOf[] = {0, 1};  // by element type: funcref, externref

struct Operation {
  Opcode opcode;
  const OpcodeInfo* info;
};

// Whether apply() can give the opcode its immediates.
bool is_simple(const OpcodeInfo& info) {
  switch (info.immediate) {
    case Immediate::None:
    case Immediate::Memory:
    case Immediate::MemArg:
    case Immediate::MemArgLane:
    case Immediate::Shuffle:
    case Immediate::Lane:
      return info.exists() && info.typed;
    default:
      return false;
  }
}

std::vector<Operation> simple_operations() {
  std::vector<Operation> list;
  for (std::uint32_t prefix : {0u, std::uint32_t{kPrefixNumeric}, std::uint32_t{kPrefixVector}}) {
    const OpcodeInfo* table = opcode_table(static_cast<std::uint8_t>(prefix));
    for (std::uint32_t code = 0; code < 256; ++code) {
      if (is_simple(table[code])) {
        list.push_back({static_cast<Opcode>(prefix << 8 | code), &table[code]});
      }
    }
  }
  return list;
}

// Operations that push the wanted type, or those that push nothing.
std::vector<Operation> operations_for(std::optional<ValType> wanted) {
  std::vector<Operation> list = simple_operations();
  std::erase_if(list, [&](const Operation& operation) {
    if (operation.info->result_count == 0) return wanted.has_value();
    return operation.info->result != wanted;
  });
  return list;
}

const std::vector<Operation>& operations(std::optional<ValType> wanted) {
  static const std::vector<Operation> none = operations_for(std::nullopt);
  static const std::vector<Operation> i32 = operations_for(ValType::I32);
  static const std::vector<Operation> i64 = operations_for(ValType::I64);
  static const std::vector<Operation> f32 = operations_for(ValType::F32);
  static const std::vector<Operation> f64 = operations_for(ValType::F64);
  static const std::vector<Operation> v128 = operations_for(ValType::V128);
  if (!wanted) return none;
  switch (*wanted) {
    case ValType::I32:
      return i32;
    case ValType::I64:
      return i64;
    case ValType::F32:
      return f32;
    case ValType::F64:
      return f64;
    default:
      WHERRY_CHECK(*wanted == ValType::V128);
      return v128;
  }
}

constexpr ValType kValueTypes[] = {ValType::I32,  ValType::I64,     ValType::F32,      ValType::F64,
                                   ValType::V128, ValType::FuncRef, ValType::ExternRef};

// The types of values that may hold a NaN.
constexpr ValType kOpenTypes[] = {ValType::F32, ValType::F64, ValType::V128};

// Whether the bits of a NaN among the result's are open.
bool opens(const OpcodeInfo& info) {
  const std::string_view name = info.mnemonic;
  if (!name.starts_with('f') || name.find('.') == name.npos) return false;
  constexpr std::string_view kArithmetic[] = {"ceil", "floor",  "trunc",  "nearest", "sqrt",
                                              "add",  "sub",    "mul",    "div",     "min",
                                              "max",  "demote", "promote"};
  const std::string_view what = name.substr(name.find('.') + 1);
  return std::ranges::any_of(kArithmetic,
                             [&](std::string_view each) { return what.find(each) != what.npos; });
}

}  // namespace

BodyGenerator::BodyGenerator(Choices& choices, const Surroundings& surroundings, Purpose purpose)
    : choices_(choices), around_(surroundings), purpose_(purpose) {}

std::string BodyGenerator::generate(const FuncType& type) {
  budget_ = kBudget;
  code_.clear();
  locals_ = type.params;
  std::vector<std::string> groups;
  for (std::uint32_t left = choices_.below(kLocals); left > 0; --left) {
    locals_.push_back(kValueTypes[choices_.below(std::size(kValueTypes))]);
    groups.push_back(u32(1) + writer::type(locals_.back()));
  }
  // Behind those that statements name: see spare_local.
  for (ValType of : kOpenTypes) groups.push_back(u32(1) + writer::type(of));
  labels_ = {type.results};
  take_fuel();
  statements(kDepth);
  show_locals();
  expressions(type.results, kDepth);
  return writer::vector(groups) + code_ + op(Opcode::End);
}

void BodyGenerator::take_fuel() {
  emit(op(Opcode::GlobalGet, 0) + op(Opcode::I32Eqz) + op(Opcode::If) + byte(0x40) +
       op(Opcode::Unreachable) + op(Opcode::End));
  emit(op(Opcode::GlobalGet, 0) + i32_const(1) + op(Opcode::I32Sub) + op(Opcode::GlobalSet, 0));
}

// Statements

void BodyGenerator::statements(unsigned depth) {
  for (std::uint32_t left = choices_.below(kStatements + 1); left > 0; --left) statement(depth);
}

void BodyGenerator::statement(unsigned depth) {
  if (depth == 0 || budget_ == 0 || choices_.exhausted()) return;
  --budget_;
  --depth;
  switch (choices_.below(16)) {
    case 0:
      return emit(op(Opcode::Nop));
    case 1:
    case 2:
      return set_variable(depth);
    case 3:
    case 4: {
      const auto& stores = operations(std::nullopt);
      const Operation& store = stores[choices_.below(static_cast<std::uint32_t>(stores.size()))];
      return apply(store.opcode, *store.info, depth);
    }
    case 5:
    case 6:
    case 7: {
      const FuncType& type =
          around_.types[choices_.below(static_cast<std::uint32_t>(around_.types.size()))];
      expressions(type.params, depth);
      block(depth, type);
      return drop(type.results);
    }
    case 8:
      return branch(depth);
    case 9:
    case 10:
      return branch_if(depth);
    case 11:
      return branch_table(depth);
    case 12:
      return call(depth);
    case 13:
      return statement_of_memory(depth);
    case 14:
      return statement_of_tables(depth);
    default: {
      const ValType type = kValueTypes[choices_.below(std::size(kValueTypes))];
      expression(type, depth);
      return drop({type});
    }
  }
}

void BodyGenerator::set_variable(unsigned depth) {
  std::uint32_t index = choices_.below(static_cast<std::uint32_t>(locals_.size() + 1));
  if (index < locals_.size()) {
    expression(locals_[index], depth);
    return emit(op(Opcode::LocalSet, index));
  }
  // Never global 0: the fuel.
  std::uint32_t global = 1 + choices_.below(static_cast<std::uint32_t>(around_.globals.size() - 1));
  if (!around_.globals[global].is_mutable) return;
  expression(around_.globals[global].type, depth);
  emit(op(Opcode::GlobalSet, global));
}

void BodyGenerator::statement_of_memory(unsigned depth) {
  std::uint32_t which = choices_.below(4);
  if (which == 3) {
    return emit(op(Opcode::DataDrop, choices_.below(around_.data_segments)));
  }
  address(depth);
  expression(ValType::I32, depth);
  emit(i32_const(0xfff) + op(Opcode::I32And));
  emit(i32_const(static_cast<std::int32_t>(choices_.below(300))));
  if (which == 0) emit(op(Opcode::MemoryFill) + byte(0));
  if (which == 1) emit(op(Opcode::MemoryCopy) + byte(0) + byte(0));
  if (which == 2) {
    emit(op(Opcode::MemoryInit, choices_.below(around_.data_segments)) + byte(0));
  }
}

void BodyGenerator::statement_of_tables(unsigned depth) {
  std::uint32_t segment = choices_.below(around_.element_segments);
  std::uint32_t table = kTableOf[segment % 2];
  ValType element = table == 0 ? ValType::FuncRef : ValType::ExternRef;
  auto index = [&] { emit(i32_const(static_cast<std::int32_t>(choices_.below(12)))); };
  switch (choices_.below(6)) {
    case 0:
      index();
      expression(element, depth);
      return emit(op(Opcode::TableSet, table));
    case 1:
      index();
      expression(element, depth);
      index();
      return emit(op(Opcode::TableFill, table));
    case 2:
      index();
      index();
      index();
      return emit(op(Opcode::TableCopy, table, table));
    case 3:
      index();
      index();
      index();
      return emit(op(Opcode::TableInit, segment, table));
    case 4:
      return emit(op(Opcode::ElemDrop, segment));
    default:
      expression(element, depth);
      index();
      return emit(op(Opcode::TableGrow, table) + op(Opcode::Drop));
  }
}

// Labels are counted outwards from the innermost block.
void BodyGenerator::branch(unsigned depth) {
  std::uint32_t label = choices_.below(static_cast<std::uint32_t>(labels_.size()));
  bool is_function = label == labels_.size() - 1;
  expressions(ValTypes(labels_[labels_.size() - 1 - label]), depth);
  emit(is_function && choices_.below(2) == 0 ? op(Opcode::Return) : op(Opcode::Br, label));
}

void BodyGenerator::branch_if(unsigned depth) {
  std::uint32_t label = choices_.below(static_cast<std::uint32_t>(labels_.size()));
  ValTypes types = labels_[labels_.size() - 1 - label];
  expressions(types, depth);
  expression(ValType::I32, depth);
  emit(op(Opcode::BrIf, label));
  drop(types);
}

void BodyGenerator::branch_table(unsigned depth) {
  std::uint32_t chosen = choices_.below(static_cast<std::uint32_t>(labels_.size()));
  ValTypes types = labels_[labels_.size() - 1 - chosen];
  std::vector<std::uint32_t> same;
  for (std::uint32_t i = 0; i < labels_.size(); ++i) {
    if (labels_[labels_.size() - 1 - i] == types) same.push_back(i);
  }
  expressions(types, depth);
  expression(ValType::I32, depth);
  std::uint32_t count = choices_.below(8);
  emit(op(Opcode::BrTable, count));
  for (std::uint32_t i = 0; i <= count; ++i) {
    emit(u32(same[choices_.below(static_cast<std::uint32_t>(same.size()))]));
  }
}

std::string BodyGenerator::block_type(const FuncType& type) {
  if (type.params.empty() && type.results.empty()) return byte(0x40);
  if (type.params.empty() && type.results.size() == 1) return writer::type(type.results[0]);
  auto found = std::find(around_.types.begin(), around_.types.end(), type);
  return s64(found - around_.types.begin());
}

// A block, loop or if of one of the module's types. Requires: its parameters are on the stack.
void BodyGenerator::block(unsigned depth, const FuncType& type) {
  std::uint32_t kind = choices_.below(3);
  if (kind == 1 && !type.params.empty() && choices_.below(2) == 0) kind = 0;
  if (kind == 2) expression(ValType::I32, depth);
  const Opcode opcodes[] = {Opcode::Block, Opcode::Loop, Opcode::If};
  emit(op(opcodes[kind]) + block_type(type));
  labels_.push_back(kind == 1 ? type.params : type.results);
  auto inside = [&] {
    if (kind == 1) take_fuel();
    drop(type.params);
    statements(depth);
    expressions(type.results, depth);
  };
  inside();
  if (kind == 2 && (type.params != type.results || choices_.below(2) == 0)) {
    emit(op(Opcode::Else));
    inside();
  }
  labels_.pop_back();
  emit(op(Opcode::End));
}

void BodyGenerator::call(unsigned depth) {
  if (choices_.below(3) == 0) {
    std::uint32_t type = choices_.below(static_cast<std::uint32_t>(around_.types.size()));
    expressions(around_.types[type].params, depth);
    emit(i32_const(static_cast<std::int32_t>(choices_.below(12))));
    emit(op(Opcode::CallIndirect, type, 0));
    return drop(around_.types[type].results);
  }
  // Never function 0: refuel.
  std::uint32_t function =
      1 + choices_.below(static_cast<std::uint32_t>(around_.functions.size() - 1));
  const FuncType& type = around_.types[around_.functions[function]];
  expressions(type.params, depth);
  emit(op(Opcode::Call, function));
  drop(type.results);
}

// Expressions

void BodyGenerator::expressions(const ValTypes& wanted, unsigned depth) {
  for (ValType type : wanted) expression(type, depth);
}

void BodyGenerator::expression(ValType wanted, unsigned depth) {
  if (depth == 0 || budget_ == 0 || choices_.exhausted()) return leaf(wanted);
  --budget_;
  --depth;
  switch (choices_.below(12)) {
    case 0:
    case 1:
      return leaf(wanted);
    case 2: {
      // Through a block of any type that has the wanted one among its results.
      const FuncType& type =
          around_.types[choices_.below(static_cast<std::uint32_t>(around_.types.size()))];
      expressions(type.params, depth);
      block(depth, type);
      if (!keep(type.results, wanted)) leaf(wanted);
      return;
    }
    case 3: {
      expression(wanted, depth);
      expression(wanted, depth);
      expression(ValType::I32, depth);
      bool typed = is_reference(wanted) || choices_.below(2) == 0;
      return emit(typed ? op(Opcode::SelectTyped) + types({wanted}) : op(Opcode::Select));
    }
    case 4: {
      std::uint32_t function =
          1 + choices_.below(static_cast<std::uint32_t>(around_.functions.size() - 1));
      const FuncType& type = around_.types[around_.functions[function]];
      expressions(type.params, depth);
      emit(op(Opcode::Call, function));
      if (!keep(type.results, wanted)) leaf(wanted);
      return;
    }
    case 5:
      statement(depth);
      return expression(wanted, depth);
    case 6: {
      expression(wanted, depth);
      for (std::uint32_t i = 0; i < locals_.size(); ++i) {
        if (locals_[i] == wanted) return emit(op(Opcode::LocalTee, i));
      }
      return;
    }
    default:
      return is_reference(wanted) ? reference(wanted, depth) : operation(wanted, depth);
  }
}

void BodyGenerator::reference(ValType wanted, unsigned depth) {
  std::uint32_t table = wanted == ValType::FuncRef ? 0 : 1;
  expression(ValType::I32, depth);
  emit(i32_const(7) + op(Opcode::I32And) + op(Opcode::TableGet, table));
}

void BodyGenerator::operation(ValType wanted, unsigned depth) {
  if (wanted == ValType::I32) {
    switch (choices_.below(16)) {
      case 0:
        return emit(op(Opcode::TableSize, choices_.below(2)));
      case 1:
        expression(choices_.below(2) == 0 ? ValType::FuncRef : ValType::ExternRef, depth);
        return emit(op(Opcode::RefIsNull));
      default:
        break;
    }
  }
  const auto& list = operations(wanted);
  const Operation& operation = list[choices_.below(static_cast<std::uint32_t>(list.size()))];
  apply(operation.opcode, *operation.info, depth);
}

void BodyGenerator::apply(Opcode opcode, const OpcodeInfo& info, unsigned depth) {
  bool accesses_memory =
      info.immediate == Immediate::MemArg || info.immediate == Immediate::MemArgLane;
  for (unsigned i = 0; i < info.operand_count; ++i) {
    if (i == 0 && accesses_memory) {
      address(depth);
    } else {
      expression(info.operands[i], depth);
    }
  }
  emit(op(opcode));
  if (purpose_ == Purpose::Compare && opens(info)) settle_nan(info);
  std::uint32_t lanes = 16u >> info.width;
  switch (info.immediate) {
    case Immediate::Memory:
      return emit(byte(0));
    case Immediate::MemArg:
    case Immediate::MemArgLane: {
      emit(u32(choices_.below(info.width + 1u)));
      std::uint32_t offset = choices_.below(64);
      emit(u32(offset == 63 ? static_cast<std::uint32_t>(choices_.bits()) : offset));
      if (info.immediate == Immediate::MemArgLane) emit(byte(choices_.below(lanes)));
      return;
    }
    case Immediate::Lane:
      return emit(byte(choices_.below(lanes)));
    case Immediate::Shuffle:
      for (int i = 0; i < 16; ++i) emit(byte(choices_.below(32)));
      return;
    default:
      return;
  }
}

// A local of its own, of a type that may hold a NaN.
std::uint32_t BodyGenerator::spare_local(ValType type) const {
  const auto kind = std::ranges::find(kOpenTypes, type) - kOpenTypes;
  return static_cast<std::uint32_t>(locals_.size()) + static_cast<std::uint32_t>(kind);
}

// What is on top, or zero in each lane that is a NaN.
void BodyGenerator::settle_nan(const OpcodeInfo& info) {
  const bool single = info.mnemonic.starts_with("f32");
  const std::uint32_t local = spare_local(info.result);
  emit(op(Opcode::LocalTee, local));
  const std::string zero(info.result == ValType::V128 ? 16 : single ? 4 : 8, '\0');
  const std::string again = op(Opcode::LocalGet, local) + op(Opcode::LocalGet, local);
  switch (info.result) {
    case ValType::F32:
      return emit(op(Opcode::F32Const) + zero + again + op(Opcode::F32Eq) + op(Opcode::Select));
    case ValType::F64:
      return emit(op(Opcode::F64Const) + zero + again + op(Opcode::F64Eq) + op(Opcode::Select));
    default:
      return emit(op(Opcode::V128Const) + zero + again +
                  op(single ? Opcode::F32x4Eq : Opcode::F64x2Eq) + op(Opcode::V128Bitselect));
  }
}

// Mostly one that is inside the memory.
void BodyGenerator::address(unsigned depth) {
  expression(ValType::I32, depth);
  if (choices_.below(16) != 15) emit(i32_const(0xffff) + op(Opcode::I32And));
}

void BodyGenerator::leaf(ValType wanted) {
  const std::uint32_t which = choices_.below(3);
  std::vector<std::uint32_t> of_type;
  if (which == 1) {
    for (std::uint32_t i = 0; i < locals_.size(); ++i) {
      if (locals_[i] == wanted) of_type.push_back(i);
    }
  }
  if (which == 2) {
    for (std::uint32_t i = 0; i < around_.globals.size(); ++i) {
      if (around_.globals[i].type == wanted) of_type.push_back(i);
    }
  }
  if (!of_type.empty()) {
    const std::uint32_t index =
        purpose_ == Purpose::Compare
            ? of_type[choices_.below(static_cast<std::uint32_t>(of_type.size()))]
        : which == 1 ? of_type.back()
                     : of_type.front();
    return emit(op(which == 1 ? Opcode::LocalGet : Opcode::GlobalGet, index));
  }
  constant(wanted);
}

void BodyGenerator::constant(ValType wanted) {
  // Values at which something changes: limits, signs, not-a-number.
  constexpr std::uint64_t kEdges[] = {0,
                                      1,
                                      ~0ull,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0x7fc00000,
                                      0x7f800001,
                                      0xff800000,
                                      0x7ff8000000000000,
                                      0x7ff0000000000001,
                                      0x41f0000000000000,
                                      0x4f000000,
                                      31};
  std::uint32_t which = choices_.below(std::size(kEdges) * 2);
  std::uint64_t bits = which < std::size(kEdges) ? kEdges[which] : choices_.bits();
  auto raw = [&](std::size_t size) {
    return std::string(reinterpret_cast<const char*>(&bits), size);
  };
  switch (wanted) {
    case ValType::I32:
      return emit(i32_const(static_cast<std::int32_t>(bits)));
    case ValType::I64:
      return emit(i64_const(static_cast<std::int64_t>(bits)));
    case ValType::F32:
      return emit(op(Opcode::F32Const) + raw(4));
    case ValType::F64:
      return emit(op(Opcode::F64Const) + raw(8));
    case ValType::V128:
      return emit(op(Opcode::V128Const) + raw(8) + raw(8));
    case ValType::FuncRef:
      if (which % 2 == 1) {
        return emit(op(Opcode::RefFunc, 1 + choices_.below(static_cast<std::uint32_t>(
                                                around_.functions.size() - 1))));
      }
      return emit(op(Opcode::RefNull) + writer::type(wanted));
    case ValType::ExternRef:
      return emit(op(Opcode::RefNull) + writer::type(wanted));
  }
}

void BodyGenerator::drop(const ValTypes& types) {
  for (std::size_t i = types.size(); i > 0; --i) {
    if (purpose_ == Purpose::Compare) {
      show(types[i - 1]);
    } else {
      emit(op(Opcode::Drop));
    }
  }
}

// What is on top goes into the last global.
void BodyGenerator::show(ValType type) {
  const auto last = static_cast<std::uint32_t>(around_.globals.size());
  auto mix = [&] {
    emit(op(Opcode::GlobalGet, last) + i64_const(5) + op(Opcode::I64Rotl));
    emit(op(Opcode::I64Xor) + op(Opcode::GlobalSet, last));
  };
  switch (type) {
    case ValType::I64:
      return mix();
    case ValType::I32:
      emit(op(Opcode::I64ExtendI32U));
      return mix();
    case ValType::F32:
      emit(op(Opcode::I32ReinterpretF32) + op(Opcode::I64ExtendI32U));
      return mix();
    case ValType::F64:
      emit(op(Opcode::I64ReinterpretF64));
      return mix();
    case ValType::V128:
      emit(op(Opcode::LocalTee, spare_local(type)) + op(Opcode::I64x2ExtractLane) + byte(0));
      mix();
      emit(op(Opcode::LocalGet, spare_local(type)) + op(Opcode::I64x2ExtractLane) + byte(1));
      return mix();
    case ValType::FuncRef:
    case ValType::ExternRef:
      emit(op(Opcode::RefIsNull) + op(Opcode::I64ExtendI32U));
      return mix();
  }
}

void BodyGenerator::show_locals() {
  if (purpose_ == Purpose::Run) return;
  for (std::uint32_t i = 0; i < locals_.size(); ++i) {
    emit(op(Opcode::LocalGet, i));
    show(locals_[i]);
  }
}

bool BodyGenerator::keep(const ValTypes& types, ValType wanted) {
  // Only from the end: what lies above the wanted value can be dropped, what lies below cannot.
  if (types.empty() || types.front() != wanted) {
    drop(types);
    return false;
  }
  drop(ValTypes(types.begin() + 1, types.end()));
  return true;
}

}  // namespace wherry::fuzz
