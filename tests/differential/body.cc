#include "differential/body.h"

#include <algorithm>

#include "wasm/format/module_writer.h"

namespace wherry::differential {

using namespace wasm;
using namespace wasm::writer;

namespace {

constexpr std::string_view kNoBlockType = "\x40";
constexpr ValType kI32 = ValType::I32;
constexpr unsigned kMaxDepth = 4;

struct Numeric {
  Opcode opcode;
  const OpcodeInfo* info;
};

bool is_float(ValType type) { return type == ValType::F32 || type == ValType::F64; }

// Of a vector's lanes that are floats: NaN bits would be open in them.
bool has_float_lanes(std::string_view mnemonic) {
  return mnemonic.find("f32x4") != mnemonic.npos || mnemonic.find("f64x2") != mnemonic.npos;
}

std::vector<Numeric> select_numeric(ValType top) {
  std::vector<Numeric> list;
  for (std::uint32_t prefix : {0u, std::uint32_t{kPrefixNumeric}, std::uint32_t{kPrefixVector}}) {
    const OpcodeInfo* table = opcode_table(static_cast<std::uint8_t>(prefix));
    for (std::uint32_t code = 0; code < 256; ++code) {
      const OpcodeInfo& info = table[code];
      if (!info.exists() || !info.typed || info.operand_count == 0 || info.result_count == 0)
        continue;
      if (info.immediate != Immediate::None && info.immediate != Immediate::Lane) continue;
      if (has_float_lanes(info.mnemonic)) continue;
      if (info.operands[info.operand_count - 1] != top) continue;
      list.push_back({static_cast<Opcode>(prefix << 8 | code), &info});
    }
  }
  return list;
}

// The numeric instructions that take a value of the type from the top.
const std::vector<Numeric>& numeric_of(ValType top) {
  static const std::vector<Numeric> lists[] = {
      select_numeric(ValType::I32), select_numeric(ValType::I64), select_numeric(ValType::F32),
      select_numeric(ValType::F64), select_numeric(ValType::V128)};
  return lists[0x7f - static_cast<unsigned>(top)];
}

// Whether the bits of a NaN among the result's are open, where an operand's are not.
bool opens(std::string_view mnemonic) {
  for (std::string_view exact : {"abs", "neg", "copysign", "convert", "reinterpret"}) {
    if (mnemonic.find(exact) != mnemonic.npos) return false;
  }
  return true;
}

Opcode i32_or_i64(ValType type, Opcode i32, Opcode i64) { return type == kI32 ? i32 : i64; }

}  // namespace

Body::Body(Random& random, const Surroundings& around, std::uint32_t function, unsigned size)
    : random_(random),
      around_(around),
      function_(function),
      type_(around.types[around.functions[function]]),
      budget_(static_cast<int>(size)) {}

std::string Body::generate() {
  constexpr ValType kLocalTypes[] = {kI32,         kI32,         kI32,         kI32,
                                     kI32,         ValType::I64, ValType::I64, ValType::F32,
                                     ValType::F64, ValType::V128};
  locals_ = type_.params;
  small_.assign(locals_.size(), false);
  std::vector<std::string> groups;
  for (std::uint32_t left = 2 + random_.below(5); left > 0; --left) {
    locals_.push_back(kLocalTypes[random_.below(std::size(kLocalTypes))]);
    small_.push_back(locals_.back() == kI32 && random_.chance(60));
    groups.push_back(u32(1) + writer::type(locals_.back()));
  }
  counter_.assign(locals_.size(), false);
  labels_ = {{type_.results}};
  take_fuel();
  while (budget_ > 0) stretch(6, 0);
  finish(type_.results);
  return writer::vector(groups) + code_ + op(Opcode::End);
}

void Body::take_fuel() {
  emit(op(Opcode::GlobalGet, 0) + op(Opcode::I32Eqz) + op(Opcode::If));
  emit(kNoBlockType);
  emit(op(Opcode::Unreachable) + op(Opcode::End));
  emit(op(Opcode::GlobalGet, 0) + i32_const(1) + op(Opcode::I32Sub) + op(Opcode::GlobalSet, 0));
}

void Body::emit(Opcode opcode) { code_ += op(opcode); }

void Body::push(ValType type, bool open) { stack_.push_back({type, open && is_float(type)}); }

Body::Operand Body::pop() {
  Operand operand = stack_.back();
  stack_.pop_back();
  return operand;
}

bool Body::tops_are(const ValTypes& types) const {
  if (available() < types.size()) return false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (stack_[stack_.size() - types.size() + i].type != types[i]) return false;
  }
  return true;
}

// Straight code

void Body::stretch(unsigned steps, unsigned depth) {
  for (unsigned i = 0; i < steps && !dead_; ++i) step(depth);
}

void Body::step(unsigned depth) {
  --budget_;
  while (available() > 9) sink();
  const std::uint32_t what = random_.below(100);
  if (what < 22) return leaf(random_.chance(55) ? kI32 : ValType(0x7f - random_.below(5)));
  if (what < 38) return numeric();
  if (what < 44) return compare();
  if (what < 47) return truth();
  if (what < 55) return load(ValType(0x7f - random_.below(5)));
  if (what < 62) return store();
  if (what < 74) {
    if (available() == 0) leaf(kI32);
    return set_local(stack_.back().type, random_.chance(50));
  }
  if (what < 77) return step_local();
  if (what < 81) return select();
  if (what < 83) return multiply_add();
  if (what < 84) return bulk();
  if (what < 87) return call(random_.chance(40));
  if (what < 91) return branch(random_.below(8));
  if (what < 92) return available() > 0 ? sink() : leaf(kI32);
  if (depth >= kMaxDepth || budget_ <= 0) return leaf(kI32);
  if (what < 95) return counted_loop(depth + 1);
  block(depth + 1, random_.below(3));
}

// Consumes the top so that it shows.
void Body::sink() {
  const ValType type = stack_.back().type;
  if (random_.chance(12)) {
    pop();
    return emit(Opcode::Drop);
  }
  if (random_.chance(30) && some_local(type) < locals_.size()) return set_local(type, false);
  settle_nan();
  switch (type) {
    case ValType::F32:
      emit(Opcode::I32ReinterpretF32);
      break;
    case ValType::F64:
      emit(Opcode::I64ReinterpretF64);
      break;
    case ValType::V128:
      emit(op(Opcode::I64x2ExtractLane) + byte(random_.below(2)));
      break;
    default:
      break;
  }
  pop();
  const bool wide = type == ValType::I64 || type == ValType::F64 || type == ValType::V128;
  const std::uint32_t global = wide ? 2 : 1;
  emit(op(Opcode::GlobalGet, global) + (wide ? i64_const(7) : i32_const(7)));
  emit(wide ? Opcode::I64Rotl : Opcode::I32Rotl);
  emit(wide ? Opcode::I64Xor : Opcode::I32Xor);
  emit(op(Opcode::GlobalSet, global));
}

// Replaces a NaN whose bits are open, on the top.
void Body::settle_nan() {
  const Operand top = stack_.back();
  if (!top.open) return;
  const bool narrow = top.type == ValType::F32;
  const std::uint32_t global = narrow ? 3 : 4;
  emit(op(Opcode::GlobalSet, global) + op(Opcode::GlobalGet, global));
  emit(narrow ? op(Opcode::F32Const) + std::string(4, '\0')
              : op(Opcode::F64Const) + std::string(8, '\0'));
  emit(op(Opcode::GlobalGet, global) + op(Opcode::GlobalGet, global));
  emit(narrow ? Opcode::F32Eq : Opcode::F64Eq);
  emit(Opcode::Select);
  // Nor may it stay in the global.
  emit(narrow ? op(Opcode::F32Const) + std::string(4, '\0')
              : op(Opcode::F64Const) + std::string(8, '\0'));
  emit(op(Opcode::GlobalSet, global));
  stack_.back().open = false;
}

// Afterwards the top values are of the types; those that are already serve.
void Body::want(const ValTypes& types) {
  std::size_t have = std::min(types.size(), available());
  while (have > 0 &&
         !tops_are(ValTypes(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(have))))
    --have;
  for (std::size_t i = have; i < types.size(); ++i) {
    apart([&] {
      leaf(types[i]);
      if (!random_.chance(40)) return;
      numeric();
      while (available() > 1) sink();
      if (stack_.back().type == types[i]) return;
      sink();
      leaf(types[i]);
    });
  }
}

std::uint32_t Body::some_local(ValType type) {
  // Half of the time the first of its type: few locals meet themselves more often.
  const std::uint32_t start = random_.chance(50) ? 0 : random_.below(locals_.size());
  for (std::uint32_t i = 0; i < locals_.size(); ++i) {
    const std::uint32_t local = (start + i) % static_cast<std::uint32_t>(locals_.size());
    if (locals_[local] == type && !counter_[local]) return local;
  }
  return static_cast<std::uint32_t>(locals_.size());
}

void Body::get_local(std::uint32_t local) {
  emit(op(Opcode::LocalGet, local));
  push(locals_[local], is_float(locals_[local]));
}

void Body::leaf(ValType type) {
  if (type == kI32 && random_.chance(25)) return sum();
  if (random_.chance(60)) {
    const std::uint32_t start = random_.chance(50) ? 0 : random_.below(locals_.size());
    for (std::uint32_t i = 0; i < locals_.size(); ++i) {
      const std::uint32_t local = (start + i) % static_cast<std::uint32_t>(locals_.size());
      if (locals_[local] == type) return get_local(local);
    }
  }
  if (random_.chance(15)) {
    for (std::uint32_t i = 1; i < around_.globals.size(); ++i) {
      if (around_.globals[i] != type) continue;
      emit(op(Opcode::GlobalGet, i));
      return push(type, false);
    }
  }
  constant(type);
}

// Of a local and another or a constant: addresses are made of such.
void Body::sum() {
  const std::uint32_t local = some_local(kI32);
  if (local == locals_.size()) return constant(kI32);
  get_local(local);
  const std::uint32_t other = some_local(kI32);
  if (random_.chance(60) && other < locals_.size()) {
    get_local(other);
  } else {
    constant(kI32);
  }
  apply(Opcode::I32Add);
}

void Body::constant(ValType type) {
  constexpr std::int64_t kEdges[] = {
      0,     1,     -1,        2,         3,          5,         8,         31,
      32,    63,    255,       256,       32767,      -32768,    32768,     -32769,
      65535, 65536, INT32_MAX, INT32_MIN, 0xffffffff, INT64_MAX, INT64_MIN, 0x100000000};
  std::int64_t value = kEdges[random_.below(std::size(kEdges))];
  if (random_.chance(20)) value = static_cast<std::int64_t>(random_.bits());
  push(type);
  switch (type) {
    case ValType::I32:
      return emit(i32_const(static_cast<std::int32_t>(value)));
    case ValType::I64:
      return emit(i64_const(value));
    case ValType::F32:
    case ValType::F64: {
      constexpr double kNumbers[] = {0.0,  -0.0, 1.0,   -1.5,  0.5,
                                     3.25, 1e10, -1e30, 100.0, 2147483648.0};
      const double number = kNumbers[random_.below(std::size(kNumbers))];
      const auto single = static_cast<float>(number);
      if (type == ValType::F32) {
        return emit(op(Opcode::F32Const) + std::string(reinterpret_cast<const char*>(&single), 4));
      }
      return emit(op(Opcode::F64Const) + std::string(reinterpret_cast<const char*>(&number), 8));
    }
    default: {
      const std::uint64_t halves[2] = {random_.bits(), random_.bits()};
      return emit(op(Opcode::V128Const) + std::string(reinterpret_cast<const char*>(halves), 16));
    }
  }
}

void Body::set_local(ValType type, bool tee) {
  const std::uint32_t local = some_local(type);
  if (local == locals_.size()) return;
  if (type == kI32 && small_[local]) emit(i32_const(0x3ff8) + op(Opcode::I32And));
  emit(op(tee ? Opcode::LocalTee : Opcode::LocalSet, local));
  if (tee) {
    stack_.back().open = is_float(type);
  } else {
    pop();
  }
}

void Body::apply(Opcode opcode) {
  const OpcodeInfo& info = wasm::info(opcode);
  const bool observes = info.mnemonic.find("reinterpret_f") != info.mnemonic.npos ||
                        info.mnemonic.find("copysign") != info.mnemonic.npos ||
                        info.mnemonic.find("splat") != info.mnemonic.npos ||
                        info.mnemonic.find("replace_lane") != info.mnemonic.npos;
  if (observes && stack_.back().open) settle_nan();
  bool open = false;
  for (unsigned i = 0; i < info.operand_count; ++i) open |= pop().open;
  emit(opcode);
  if (info.immediate == Immediate::Lane) emit(byte(random_.below(16u >> info.width)));
  push(info.result, is_float(info.result) && (open || opens(info.mnemonic)));
}

void Body::numeric() {
  if (available() == 0) leaf(kI32);
  const std::vector<Numeric>& list = numeric_of(stack_.back().type);
  const Numeric* chosen = &list[random_.below(list.size())];
  for (int i = 0; i < 6; ++i) {
    // Rather what combines than what converts or traps.
    const std::string_view name = chosen->info->mnemonic;
    const bool dull = name.find("trunc_f") != name.npos || name.find("div") != name.npos ||
                      name.find("rem_") != name.npos || chosen->info->operand_count == 1;
    if (!dull || random_.chance(25)) break;
    chosen = &list[random_.below(list.size())];
  }
  const OpcodeInfo& info = *chosen->info;
  const ValTypes operands(info.operands, info.operands + info.operand_count);
  if (!tops_are(operands)) {
    // The value becomes the left operand where it can.
    if (operands.size() == 2 && operands[0] == stack_.back().type) {
      leaf(operands[1]);
    } else {
      for (ValType type : operands) leaf(type);
    }
  }
  apply(chosen->opcode);
}

void Body::compare() {
  const ValType type =
      available() > 0 && stack_.back().type != ValType::V128 ? stack_.back().type : kI32;
  if (!tops_are({type, type})) {
    if (!tops_are({type})) leaf(type);
    leaf(type);
  }
  static constexpr Opcode kFirst[] = {Opcode::I32Eq, Opcode::I64Eq, Opcode::F32Eq, Opcode::F64Eq};
  const auto first = static_cast<unsigned>(kFirst[0x7f - static_cast<unsigned>(type)]);
  apply(static_cast<Opcode>(first + random_.below(is_float(type) ? 6 : 10)));
  if (random_.chance(30)) truth();
}

// Chains of eqz, and values that change width on the way.
void Body::truth() {
  if (available() == 0 || (stack_.back().type != kI32 && stack_.back().type != ValType::I64)) {
    leaf(kI32);
  }
  for (std::uint32_t left = 1 + random_.below(3); left > 0; --left) {
    if (stack_.back().type == kI32) {
      apply(random_.chance(60)   ? Opcode::I32Eqz
            : random_.chance(70) ? Opcode::I64ExtendI32U
                                 : Opcode::I64ExtendI32S);
    } else {
      apply(random_.chance(60) ? Opcode::I64Eqz : Opcode::I32WrapI64);
    }
  }
}

// x op (y op z), in both orders: what instructions fuse.
void Body::multiply_add() {
  const ValType type = ValType(0x7f - random_.below(4));
  leaf(type);
  leaf(type);
  if (random_.chance(30)) {
    if (!is_float(type)) truth();
    while (stack_.back().type != type) {
      sink();
      leaf(type);
    }
  }
  static constexpr std::array<std::array<Opcode, 6>, 4> kOps = {{
      {Opcode::I32Mul, Opcode::I32Add, Opcode::I32Sub, Opcode::I32Xor, Opcode::I32Shl,
       Opcode::I32Rotl},
      {Opcode::I64Mul, Opcode::I64Add, Opcode::I64Sub, Opcode::I64Xor, Opcode::I64ShrS,
       Opcode::I64And},
      {Opcode::F32Mul, Opcode::F32Add, Opcode::F32Sub, Opcode::F32Mul, Opcode::F32Min,
       Opcode::F32Div},
      {Opcode::F64Mul, Opcode::F64Add, Opcode::F64Sub, Opcode::F64Mul, Opcode::F64Max,
       Opcode::F64Div},
  }};
  const auto& ops = kOps[0x7f - static_cast<unsigned>(type)];
  if (random_.chance(40)) {
    load(type);
  } else {
    leaf(type);
    apply(ops[random_.below(6)]);
  }
  if (random_.chance(40) && tops_are({type, type})) {
    apply(ops[random_.below(6)]);
    if (random_.chance(50)) leaf(type);
  }
  if (tops_are({type, type})) apply(ops[random_.below(6)]);
}

// A local stepped by a constant: set, or teed and compared.
void Body::step_local() {
  const ValType type = random_.chance(75) ? kI32 : ValType::I64;
  const std::uint32_t local = some_local(type);
  if (local == locals_.size()) return;
  if (random_.chance(30)) get_local(local);  // an older value of it stays on the stack
  emit(op(Opcode::LocalGet, random_.chance(75) ? local : some_local(type)));
  const auto by = static_cast<std::int32_t>(random_.below(41)) - 20;
  emit(type == kI32 ? i32_const(by) : i64_const(by));
  emit(i32_or_i64(type, Opcode::I32Add, Opcode::I64Add));
  if (type == kI32 && small_[local]) emit(i32_const(0x3ff8) + op(Opcode::I32And));
  if (random_.chance(35)) return emit(op(Opcode::LocalSet, local));
  emit(op(Opcode::LocalTee, local));
  push(type);
  if (random_.chance(30)) return compare();
  if (random_.chance(30)) return;
  // Compared at once, perhaps with itself, and branched on.
  static constexpr Opcode kCompare[] = {Opcode::I32LtS, Opcode::I32Ne, Opcode::I32GeU,
                                        Opcode::I32Eq};
  static constexpr Opcode kWide[] = {Opcode::I64LtS, Opcode::I64Ne, Opcode::I64GeU, Opcode::I64Eq};
  const std::uint32_t other = random_.chance(50) ? local : some_local(type);
  if (random_.chance(70) && other < locals_.size()) {
    get_local(other);
  } else {
    constant(type);
  }
  apply((type == kI32 ? kCompare : kWide)[random_.below(4)]);
  pop();
  emit(op(Opcode::If) + byte(0x40) + op(Opcode::GlobalGet, 1) + i32_const(5) + op(Opcode::I32Add));
  emit(op(Opcode::GlobalSet, 1) + op(Opcode::End));
}

void Body::select() {
  if (available() == 0) leaf(kI32);
  const ValType type = stack_.back().type;
  if (!tops_are({type, type})) leaf(type);
  if (random_.chance(50)) {
    leaf(kI32);
    if (random_.chance(50)) {
      leaf(kI32);
      apply(random_.chance(50) ? Opcode::I32Add : Opcode::I32LtU);
    }
  } else {
    const ValType compared = ValType(0x7f - random_.below(4));
    leaf(compared);
    leaf(compared);
    compare();
    if (stack_.back().type != kI32) apply(Opcode::I32WrapI64);
  }
  pop();
  const bool right_open = pop().open;
  const bool open = pop().open || right_open;
  push(type, open);
  emit(random_.chance(70) ? op(Opcode::Select) : op(Opcode::SelectTyped) + types({type}));
}

}  // namespace wherry::differential
