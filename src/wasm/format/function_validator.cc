#include "wasm/format/function_validator.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "wasm/format/instruction.h"
#include "wasm/format/limits.h"
#include "wasm/format/names.h"

namespace wherry::wasm {

namespace {

// The type of an operand that unreachable code takes from nowhere; equal to none of the others.
constexpr ValType kUnknown{0};

// Locals whose types are spread out, one by one, before a body is checked.
constexpr std::uint32_t kExpandedLocals = 1024;

// A value type alone, as a block type's results.
constexpr ValType kSingle[] = {ValType::I32,  ValType::I64,     ValType::F32,      ValType::F64,
                               ValType::V128, ValType::FuncRef, ValType::ExternRef};

const ValType* single(ValType type) {
  return std::find(std::begin(kSingle), std::end(kSingle), type);
}

}  // namespace

FunctionValidator::FunctionValidator(const Module& module, const DeclaredFunctions& declared)
    : module_(module), declared_(declared), reader_(module.bytes, {}), stack_(1024) {}

void FunctionValidator::check(std::uint32_t defined) {
  code_ = &module_.code[defined];
  function_ = module_.imported_functions + defined;
  const FuncType& type = module_.type_of(function_);
  load_locals(type, *code_);

  reader_ = Reader(module_.bytes, code_->body);
  blocks_.clear();
  top_ = floor_ = stack_.data();
  limit_ = stack_.data() + stack_.size();
  instruction_ = reader_.offset();
  push_block(BlockKind::Function, {nullptr, 0},
             {type.results.data(), static_cast<std::uint32_t>(type.results.size())});
  do {
    common_instructions();
    instruction_ = reader_.offset();
    instruction(reader_.byte());
  } while (!blocks_.empty());
  if (!reader_.at_end()) reader_.malformed("section size mismatch: bytes after the final end");
}

void FunctionValidator::load_locals(const FuncType& type, const Code& code) {
  locals_.assign(type.params.begin(), type.params.end());
  local_count_ = static_cast<std::uint32_t>(locals_.size());
  for (const LocalGroup& group : code.locals) {
    if (locals_.size() < kExpandedLocals) {
      std::size_t room = kExpandedLocals - locals_.size();
      locals_.insert(locals_.end(), std::min<std::size_t>(group.count, room), group.type);
    }
    local_count_ += group.count;
  }
  group_ends_.clear();
  if (local_count_ == locals_.size()) return;
  auto end = static_cast<std::uint32_t>(type.params.size());
  for (const LocalGroup& group : code.locals) group_ends_.push_back(end += group.count);
}

ValType FunctionValidator::local_beyond_expanded(std::uint32_t index) const {
  auto group = std::upper_bound(group_ends_.begin(), group_ends_.end(), index);
  return code_->locals[static_cast<std::size_t>(group - group_ends_.begin())].type;
}

// The instructions that most of every body is made of, with the state of the check in registers. Stops
// before the first that is another, or not as it should be: instruction() does it, or says what is wrong.
void FunctionValidator::common_instructions() {
  // The longest instruction that is read here; a body that is nearly over is left to instruction().
  constexpr std::ptrdiff_t kLongest = 9;
  const ByteSpan rest = reader_.rest();
  const std::uint8_t* at = rest.data();
  const std::uint8_t* const end = at + rest.size();
  ValType* top = top_;
  const ValType* const locals = locals_.data();
  const std::size_t local_count = locals_.size();
  const bool has_memory = !module_.memories.empty();

  // The length of a number of at most four bytes, which cannot be too big; 0 for a longer one.
  auto short_number = [](const std::uint8_t* bytes) -> std::ptrdiff_t {
    if (bytes[0] < 0x80) return 1;
    if (bytes[1] < 0x80) return 2;
    if (bytes[2] < 0x80) return 3;
    return bytes[3] < 0x80 ? 4 : 0;
  };
  // Applies what has at most two operands and a result, or none.
  auto apply_to_top = [&](const OpcodeInfo& info) {
    const unsigned count = info.operand_count;
    if (top - floor_ < static_cast<std::ptrdiff_t>(count)) return false;
    if (count == 2 && (top[-1] != info.operands[1] || top[-2] != info.operands[0])) return false;
    if (count == 1 && top[-1] != info.operands[0]) return false;
    top -= count;
    if (info.result_count != 0) *top++ = info.result;
    return true;
  };

  while (end - at > kLongest && top != limit_) {
    const std::uint8_t byte = at[0];
    const std::uint8_t index = at[1];
    std::ptrdiff_t length = 1;
    switch (static_cast<Opcode>(byte)) {
      case Opcode::LocalGet:
        if (index >= local_count || index >= 0x80) goto stop;
        *top++ = locals[index];
        at += 2;
        continue;
      case Opcode::LocalSet:
        if (index >= local_count || index >= 0x80 || top == floor_ || top[-1] != locals[index]) {
          goto stop;
        }
        --top;
        at += 2;
        continue;
      case Opcode::LocalTee:
        if (index >= local_count || index >= 0x80 || top == floor_ || top[-1] != locals[index]) {
          goto stop;
        }
        at += 2;
        continue;
      case Opcode::I32Const:
      case Opcode::I64Const:
        length = short_number(at + 1);
        if (length == 0) goto stop;
        *top++ = byte == static_cast<std::uint8_t>(Opcode::I32Const) ? ValType::I32 : ValType::I64;
        at += 1 + length;
        continue;
      default:
        break;
    }
    const OpcodeInfo& info = one_byte_[byte];
    if (info.immediate == Immediate::MemArg) {
      std::ptrdiff_t offset = short_number(at + 2);
      if (index > info.width || offset == 0 || !has_memory) break;
      length = 2 + offset;
    } else if (byte < static_cast<std::uint8_t>(Opcode::I32Eqz) ||
               byte > static_cast<std::uint8_t>(Opcode::I64Extend32S)) {
      break;
    }
    if (!apply_to_top(info)) break;
    at += length;
  }
stop:
  reader_.skip(static_cast<std::size_t>(at - rest.data()));
  top_ = top;
}

void FunctionValidator::instruction(std::uint8_t byte) {
  if (byte >= static_cast<std::uint8_t>(Opcode::I32Eqz) &&
      byte <= static_cast<std::uint8_t>(Opcode::I64Extend32S)) {
    return apply(one_byte_[byte]);
  }
  switch (static_cast<Opcode>(byte)) {
    case Opcode::LocalGet:
      return push(local(reader_.u32()));
    case Opcode::LocalSet:
      return pop(local(reader_.u32()));
    case Opcode::LocalTee: {
      ValType type = local(reader_.u32());
      pop(type);
      return push(type);
    }
    case Opcode::I32Const:
      reader_.s32();
      return push(ValType::I32);
    case Opcode::I64Const:
      reader_.s64();
      return push(ValType::I64);
    case Opcode::F32Const:
      reader_.skip(4);
      return push(ValType::F32);
    case Opcode::F64Const:
      reader_.skip(8);
      return push(ValType::F64);

    case Opcode::Nop:
      return;
    case Opcode::Unreachable:
      return set_unreachable();
    case Opcode::Block:
      return begin_block(BlockKind::Block);
    case Opcode::Loop:
      return begin_block(BlockKind::Loop);
    case Opcode::If:
      return begin_block(BlockKind::If);
    case Opcode::Else:
      return on_else();
    case Opcode::End:
      return end();
    case Opcode::Br:
      pop_all(label());
      return set_unreachable();
    case Opcode::BrIf: {
      Types types = label();
      pop(ValType::I32);
      if (on_top(types)) return;
      pop_all(types);
      return push_all(types);
    }
    case Opcode::BrTable:
      return br_table();
    case Opcode::Return:
      pop_all(blocks_.front().results);
      return set_unreachable();
    case Opcode::Call: {
      std::uint32_t callee = reader_.u32();
      if (callee >= module_.functions.size()) invalid(fmt::format("unknown function {}", callee));
      return call(module_.type_of(callee));
    }
    case Opcode::CallIndirect:
      return call_indirect();

    case Opcode::Drop:
      pop();
      return;
    case Opcode::Select:
      return select();
    case Opcode::SelectTyped:
      return select_typed();
    case Opcode::GlobalGet:
      return push(global(reader_.u32()).type);
    case Opcode::GlobalSet: {
      std::uint32_t index = reader_.u32();
      const GlobalType& type = global(index);
      if (!type.is_mutable) invalid(fmt::format("global is immutable: global {}", index));
      return pop(type.type);
    }
    case Opcode::TableGet: {
      ValType type = table(reader_.u32());
      pop(ValType::I32);
      return push(type);
    }
    case Opcode::TableSet:
      pop(table(reader_.u32()));
      return pop(ValType::I32);
    case Opcode::MemorySize:
    case Opcode::MemoryGrow:
      reader_.zero_byte();
      require_memory();
      return apply(one_byte_[byte]);
    case Opcode::RefNull:
      return push(reader_.reference_type());
    case Opcode::RefIsNull: {
      ValType type = pop();
      if (type != kUnknown && !is_reference(type)) {
        invalid(fmt::format("type mismatch: expected a reference, found {}", to_string(type)));
      }
      return push(ValType::I32);
    }
    case Opcode::RefFunc: {
      std::uint32_t index = reader_.u32();
      if (index >= module_.functions.size()) invalid(fmt::format("unknown function {}", index));
      if (!declared_[index]) {
        invalid(fmt::format("undeclared function reference: function {}", index));
      }
      return push(ValType::FuncRef);
    }
    default:
      break;
  }
  const OpcodeInfo& info = one_byte_[byte];
  if (info.immediate == Immediate::MemArg) {
    memory_access(info.width);
    return apply(info);
  }
  if (byte == kPrefixNumeric) return numeric(reader_.u32());
  if (byte == kPrefixVector) return vector(reader_.u32());
  throw_malformed(instruction_, fmt::format("illegal opcode {:#04x}", byte));
}

void FunctionValidator::apply(const OpcodeInfo& info) {
  for (unsigned i = info.operand_count; i > 0; --i) pop(info.operands[i - 1]);
  if (info.result_count != 0) push(info.result);
}

void FunctionValidator::numeric(std::uint32_t code) {
  if (code > 0xff || !numeric_[code].exists()) {
    throw_malformed(instruction_, fmt::format("illegal opcode 0xfc {}", code));
  }
  const OpcodeInfo& info = numeric_[code];
  switch (static_cast<Opcode>(kPrefixNumeric << 8 | code)) {
    case Opcode::MemoryInit: {
      std::uint32_t segment = reader_.u32();
      reader_.zero_byte();
      require_memory();
      data_segment(segment);
      break;
    }
    case Opcode::DataDrop:
      data_segment(reader_.u32());
      break;
    case Opcode::MemoryCopy:
      reader_.zero_byte();
      [[fallthrough]];
    case Opcode::MemoryFill:
      reader_.zero_byte();
      require_memory();
      break;
    case Opcode::TableInit:
      table_init();
      break;
    case Opcode::ElemDrop:
      element_segment(reader_.u32());
      break;
    case Opcode::TableCopy:
      table_copy();
      break;
    case Opcode::TableGrow: {
      ValType type = table(reader_.u32());
      pop(ValType::I32);
      pop(type);
      return push(ValType::I32);
    }
    case Opcode::TableSize:
      table(reader_.u32());
      break;
    case Opcode::TableFill: {
      ValType type = table(reader_.u32());
      pop(ValType::I32);
      pop(type);
      return pop(ValType::I32);
    }
    default:
      break;
  }
  apply(info);
}

void FunctionValidator::vector(std::uint32_t code) {
  if (code > 0xff || !vector_[code].exists()) {
    throw_malformed(instruction_, fmt::format("illegal opcode 0xfd {}", code));
  }
  const OpcodeInfo& info = vector_[code];
  switch (info.immediate) {
    case Immediate::MemArg:
      memory_access(info.width);
      break;
    case Immediate::MemArgLane:
      memory_access(info.width);
      lane(16u >> info.width);
      break;
    case Immediate::Lane:
      lane(16u >> info.width);
      break;
    case Immediate::V128:
      reader_.skip(16);
      break;
    case Immediate::Shuffle:
      for (int i = 0; i < 16; ++i) lane(32);
      break;
    default:
      break;
  }
  apply(info);
}

// Control

void FunctionValidator::begin_block(BlockKind kind) {
  Types params{nullptr, 0};
  Types results{nullptr, 0};
  std::size_t start = reader_.offset();
  if (!reader_.at_end() && reader_.peek() == 0x40) {
    reader_.skip(1);
  } else if (!reader_.at_end() && (reader_.peek() & 0xc0) == 0x40) {
    results = {single(reader_.value_type()), 1};
  } else {
    std::int64_t index = reader_.s33();
    if (index < 0) throw_malformed(start, "malformed block type");
    const FuncType& signature = type(static_cast<std::uint32_t>(index));
    params = {signature.params.data(), static_cast<std::uint32_t>(signature.params.size())};
    results = {signature.results.data(), static_cast<std::uint32_t>(signature.results.size())};
  }
  if (kind == BlockKind::If) pop(ValType::I32);
  pop_all(params);
  push_block(kind, params, results);
}

void FunctionValidator::push_block(BlockKind kind, Types params, Types results) {
  if (blocks_.size() > limits::kNesting) {
    throw_over_limit(instruction_,
                     fmt::format("blocks nested more than {} deep", limits::kNesting));
  }
  blocks_.push_back({.kind = kind,
                     .unreachable = false,
                     .height = static_cast<std::uint32_t>(top_ - stack_.data()),
                     .params = params,
                     .results = results});
  floor_ = top_;
  push_all(params);
}

void FunctionValidator::require_empty_block() {
  if (top_ == floor_) return;
  invalid(fmt::format("type mismatch: {} values too many at the end of the block, the last is {}",
                      top_ - floor_, top_[-1] == kUnknown ? "of any type" : to_string(top_[-1])));
}

void FunctionValidator::on_else() {
  Block& block = blocks_.back();
  if (block.kind != BlockKind::If) {
    throw_malformed(instruction_, "END opcode expected, found else");
  }
  pop_all(block.results);
  require_empty_block();
  block.kind = BlockKind::Else;
  block.unreachable = false;
  push_all(block.params);
}

void FunctionValidator::end() {
  Block block = blocks_.back();
  pop_all(block.results);
  require_empty_block();
  if (block.kind == BlockKind::If &&
      !std::equal(block.params.data, block.params.data + block.params.count, block.results.data,
                  block.results.data + block.results.count)) {
    invalid("type mismatch: an if without else must give back what it takes");
  }
  blocks_.pop_back();
  if (blocks_.empty()) return;
  floor_ = stack_.data() + blocks_.back().height;
  push_all(block.results);
}

FunctionValidator::Types FunctionValidator::label() {
  std::uint32_t depth = reader_.u32();
  if (depth >= blocks_.size()) invalid(fmt::format("unknown label {}", depth));
  const Block& block = blocks_[blocks_.size() - 1 - depth];
  return block.kind == BlockKind::Loop ? block.params : block.results;
}

void FunctionValidator::br_table() {
  pop(ValType::I32);
  Types last{nullptr, 0};
  bool first = true;
  // One more than the count: the default label comes last and is checked like the others.
  for (std::uint64_t left = std::uint64_t{reader_.u32()} + 1; left > 0; --left) {
    Types types = label();
    if (!first && types.data == last.data && types.count == last.count) continue;
    if (!first && types.count != last.count) {
      invalid(fmt::format("type mismatch: labels of br_table take {} and {} values", last.count,
                          types.count));
    }
    if (!on_top(types)) check_top(types);
    first = false;
    last = types;
  }
  set_unreachable();
}

void FunctionValidator::call(const FuncType& type) {
  pop_all({type.params.data(), static_cast<std::uint32_t>(type.params.size())});
  push_all({type.results.data(), static_cast<std::uint32_t>(type.results.size())});
}

void FunctionValidator::call_indirect() {
  std::uint32_t signature = reader_.u32();
  std::uint32_t index = reader_.u32();
  ValType element = table(index);
  if (element != ValType::FuncRef) {
    invalid(fmt::format("type mismatch: expected a table of funcref, found table {} of {}", index,
                        to_string(element)));
  }
  const FuncType& callee = type(signature);
  pop(ValType::I32);
  call(callee);
}

void FunctionValidator::select() {
  pop(ValType::I32);
  ValType second = pop();
  ValType first = pop();
  for (ValType type : {second, first}) {
    if (is_reference(type)) {
      invalid(fmt::format("type mismatch: select without a type cannot choose between {} values",
                          to_string(type)));
    }
  }
  if (first != second && first != kUnknown && second != kUnknown) {
    invalid(fmt::format("type mismatch: select between {} and {}", to_string(first),
                        to_string(second)));
  }
  push(first == kUnknown ? second : first);
}

void FunctionValidator::select_typed() {
  std::uint32_t count = reader_.u32();
  ValType type = kUnknown;
  for (std::uint32_t i = 0; i < count; ++i) type = reader_.value_type();
  if (count != 1) invalid(fmt::format("invalid result arity: select with {} types", count));
  pop(ValType::I32);
  pop(type);
  pop(type);
  push(type);
}

// Immediates

ValType FunctionValidator::local(std::uint32_t index) {
  if (index < locals_.size()) return locals_[index];
  if (index >= local_count_) invalid(fmt::format("unknown local {}", index));
  return local_beyond_expanded(index);
}

const GlobalType& FunctionValidator::global(std::uint32_t index) {
  if (index >= module_.globals.size()) invalid(fmt::format("unknown global {}", index));
  return module_.globals[index];
}

ValType FunctionValidator::table(std::uint32_t index) {
  if (index >= module_.tables.size()) invalid(fmt::format("unknown table {}", index));
  return module_.tables[index].element;
}

const FuncType& FunctionValidator::type(std::uint32_t index) {
  if (index >= module_.types.size()) invalid(fmt::format("unknown type {}", index));
  return module_.types[index];
}

void FunctionValidator::data_segment(std::uint32_t index) {
  if (!module_.data_count) throw_malformed(instruction_, "data count section required");
  if (index >= *module_.data_count) invalid(fmt::format("unknown data segment {}", index));
}

ValType FunctionValidator::element_segment(std::uint32_t index) {
  if (index >= module_.elements.size()) invalid(fmt::format("unknown elem segment {}", index));
  return module_.elements[index].type;
}

void FunctionValidator::require_memory() {
  if (module_.memories.empty()) invalid("unknown memory 0");
}

void FunctionValidator::memory_access(unsigned width) {
  std::size_t start = reader_.offset();
  std::uint32_t alignment = reader_.u32();
  if (alignment >= 32) throw_malformed(start, "malformed memop flags");
  reader_.u32();
  require_memory();
  if (alignment > width) {
    invalid(fmt::format("alignment must not be larger than natural: 2**{} bytes, at most 2**{}",
                        alignment, width));
  }
}

void FunctionValidator::lane(unsigned lanes) {
  unsigned index = reader_.byte();
  if (index >= lanes) invalid(fmt::format("invalid lane index {} of {} lanes", index, lanes));
}

void FunctionValidator::table_copy() {
  std::uint32_t to = reader_.u32();
  std::uint32_t from = reader_.u32();
  if (table(to) != table(from)) {
    invalid(fmt::format("type mismatch: expected a table of {}, found table {} of {}",
                        to_string(table(to)), from, to_string(table(from))));
  }
}

void FunctionValidator::table_init() {
  std::uint32_t segment = reader_.u32();
  std::uint32_t to = reader_.u32();
  if (table(to) != element_segment(segment)) {
    invalid(fmt::format("type mismatch: expected elements of {}, found elem segment {} of {}",
                        to_string(table(to)), segment, to_string(element_segment(segment))));
  }
}

// Operands

ValType FunctionValidator::pop() {
  if (top_ != floor_) return *--top_;
  if (!blocks_.back().unreachable) {
    invalid("type mismatch: expected a value, found nothing on the stack");
  }
  return kUnknown;
}

void FunctionValidator::pop_slowly(ValType expected) {
  if (top_ == floor_) {
    if (!blocks_.back().unreachable) mismatch(expected);
    return;
  }
  if (top_[-1] != kUnknown && top_[-1] != expected) mismatch(expected);
  --top_;
}

bool FunctionValidator::on_top(Types types) const {
  return static_cast<std::size_t>(top_ - floor_) >= types.count &&
         (types.count == 0 || std::memcmp(top_ - types.count, types.data, types.count) == 0);
}

void FunctionValidator::pop_all(Types expected) {
  if (on_top(expected)) {
    top_ -= expected.count;
    return;
  }
  for (std::uint32_t i = expected.count; i > 0; --i) pop(expected.data[i - 1]);
}

// As pop_all, but the operands stay as they are, those of unknown type too (br_table looks at them
// once for every label).
void FunctionValidator::check_top(Types expected) {
  ValType* top = top_;
  for (std::uint32_t i = expected.count; i > 0; --i) pop(expected.data[i - 1]);
  top_ = top;
}

void FunctionValidator::push_all(Types types) {
  if (types.count == 0) return;
  if (static_cast<std::size_t>(limit_ - top_) < types.count) grow(types.count);
  std::memcpy(top_, types.data, types.count);
  top_ += types.count;
}

void FunctionValidator::set_unreachable() {
  top_ = floor_;
  blocks_.back().unreachable = true;
}

void FunctionValidator::grow(std::uint32_t count) {
  auto used = static_cast<std::size_t>(top_ - stack_.data());
  auto floor = static_cast<std::size_t>(floor_ - stack_.data());
  if (used + count > limits::kOperands) {
    throw_over_limit(instruction_,
                     fmt::format("more than {} values on the operand stack", limits::kOperands));
  }
  stack_.resize(std::max(used + count, stack_.size() * 2));
  top_ = stack_.data() + used;
  floor_ = stack_.data() + floor;
  limit_ = stack_.data() + stack_.size();
}

// Failure

void FunctionValidator::mismatch(ValType expected) {
  invalid(fmt::format("type mismatch: expected {}, found {}", to_string(expected),
                      top_ == floor_ ? "nothing on the stack" : to_string(top_[-1])));
}

void FunctionValidator::invalid(std::string_view rule) {
  check_bodies_well_formed(module_);
  std::optional<std::string> name = function_name(module_, function_);
  fail(ErrorKind::InvalidArgument, "invalid module: function {}{}, offset {:#x}: {}", function_,
       name ? fmt::format(" ('{}')", *name) : "", instruction_, rule);
}

}  // namespace wherry::wasm
