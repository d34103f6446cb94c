#include "wasm/compiler/lower.h"

#include <llvm/IR/MDBuilder.h>

#include "base/error.h"

namespace wherry::wasm::compiler {

using llvm::BasicBlock;
using llvm::PHINode;
using llvm::Value;

void FunctionLowering::prologue() {
  auto* entry = BasicBlock::Create(b_.getContext(), "", function_);
  b_.SetInsertPoint(entry);
  instance_ = function_->getArg(0);
  if (!wasm_.memories.empty()) {
    memory_ = constant_field(b_.getPtrTy(), offsetof(abi::InstanceHeader, memory_base));
  }
  const FuncType& type = wasm_.type_of(wasm_.imported_functions + defined_);
  unsigned argument = 1;
  auto local = [&](ValType of) {
    llvm::Type* ir_type = module_.type(of);
    locals_.push_back(b_.CreateAlloca(ir_type));
    return locals_.back();
  };
  for (ValType param : type.params) {
    llvm::AllocaInst* made = local(param);
    b_.CreateStore(
        enter_at_ ? entry_value(made->getAllocatedType()) : function_->getArg(argument++), made);
  }
  const std::size_t params = locals_.size();
  for (const LocalGroup& group : code_.locals) {
    for (std::uint32_t i = 0; i < group.count; ++i) local(group.type);
  }
  BasicBlock* start = from_start_too_ ? choose_start() : nullptr;
  auto fill = [&](auto value) {
    for (std::size_t i = params; i < locals_.size(); ++i) {
      b_.CreateStore(value(locals_[i]->getAllocatedType()), locals_[i]);
    }
  };
  const auto zero = [](llvm::Type* of) { return llvm::Constant::getNullValue(of); };
  if (enter_at_) {
    fill([&](llvm::Type* of) { return entry_value(of); });
    suspend_entry(start);
    if (start) fill(zero);
  } else {
    fill(zero);
  }
  Control whole{.type = type};
  whole.label = whole.end = block();
  for (ValType result : type.results) {
    whole.end_values.push_back(PHINode::Create(module_.type(result), 0, "", whole.end));
  }
  whole.label_values = whole.end_values;
  controls_.push_back(std::move(whole));
}

void FunctionLowering::run() {
  prologue();
  while (!controls_.empty()) {
    const Opcode opcode = reader_.opcode();
    if (dead_) {
      unreachable_instruction(opcode);
    } else {
      instruction(opcode);
    }
  }
  define_leaving();
}

FuncType FunctionLowering::block_type() {
  const std::int64_t raw = reader_.s64();
  if (raw >= 0) return wasm_.types[static_cast<std::size_t>(raw)];
  if (raw == -64) return {};  // 0x40
  return {.results = {static_cast<ValType>(raw & 0x7f)}};
}

void FunctionLowering::leave_to(BasicBlock* to, const std::vector<PHINode*>& into) {
  const std::size_t first = stack_.size() - into.size();
  for (std::size_t i = 0; i < into.size(); ++i) {
    into[i]->addIncoming(stack_[first + i], b_.GetInsertBlock());
  }
  b_.CreateBr(to);
}

void FunctionLowering::open(BlockKind kind) {
  Control control{.kind = kind, .type = block_type()};
  Value* condition = kind == BlockKind::If ? b_.CreateIsNotNull(pop()) : nullptr;
  control.height = stack_.size() - control.type.params.size();
  if (enter_at_) keep_below(control.height);
  control.end = block();
  for (ValType result : control.type.results) {
    control.end_values.push_back(PHINode::Create(module_.type(result), 0, "", control.end));
  }
  if (kind == BlockKind::Loop) {
    if (loops_++ == enter_at_) join_entry();
    control.label = block();
    for (ValType param : control.type.params) {
      control.label_values.push_back(PHINode::Create(module_.type(param), 0, "", control.label));
    }
    leave_to(control.label, control.label_values);
    stack_.resize(control.height);
    for (PHINode* value : control.label_values) push(value);
    b_.SetInsertPoint(control.label);
    if (enter_at_) fetch_below(control.height);
    if (offers_move(loops_ - 1)) offer_move(loops_ - 1);
  } else {
    control.label = control.end;
    control.label_values = control.end_values;
  }
  if (kind == BlockKind::If) {
    BasicBlock* then = block();
    control.otherwise = block();
    control.otherwise_values.assign(stack_.begin() + static_cast<std::ptrdiff_t>(control.height),
                                    stack_.end());
    b_.CreateCondBr(condition, then, control.otherwise);
    b_.SetInsertPoint(then);
  }
  controls_.push_back(std::move(control));
}

void FunctionLowering::on_else() {
  Control& control = controls_.back();
  if (!dead_) leave_to(control.end, control.end_values);
  stack_.resize(control.height);
  for (Value* value : control.otherwise_values) push(value);
  b_.SetInsertPoint(control.otherwise);
  if (enter_at_) fetch_below(control.height);
  control.otherwise = nullptr;
  dead_ = false;
}

void FunctionLowering::on_end() {
  // An `if` without an else: its parameters are its results.
  if (controls_.back().otherwise) on_else();
  Control control = std::move(controls_.back());
  controls_.pop_back();
  if (!dead_) leave_to(control.end, control.end_values);
  stack_.resize(control.height);
  if (llvm::pred_empty(control.end)) {
    for (PHINode* value : control.end_values)
      value->replaceAllUsesWith(llvm::PoisonValue::get(value->getType()));
    control.end->eraseFromParent();
    dead_ = true;
    dead_blocks_ = 0;
    return;
  }
  dead_ = false;
  b_.SetInsertPoint(control.end);
  if (enter_at_) fetch_below(control.height);
  for (PHINode* value : control.end_values) push(value);
  if (!controls_.empty()) return;
  // The function's.
  if (enter_at_) {
    return_to_slots(stack_);
  } else {
    return_values(b_, stack_);
  }
}

void FunctionLowering::unreachable_instruction(Opcode opcode) {
  switch (opcode) {
    case Opcode::Loop:
      ++loops_;
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

void FunctionLowering::branch(std::uint32_t depth) {
  Control& target = label(depth);
  leave_to(target.label, target.label_values);
  dead_ = true;
  dead_blocks_ = 0;
}

void FunctionLowering::branch_if(std::uint32_t depth) {
  Value* condition = b_.CreateIsNotNull(pop());
  Control& target = label(depth);
  BasicBlock* taken = block();
  BasicBlock* next = block();
  b_.CreateCondBr(condition, taken, next);
  b_.SetInsertPoint(taken);
  leave_to(target.label, target.label_values);
  b_.SetInsertPoint(next);
}

void FunctionLowering::branch_table() {
  Value* index = pop();
  std::vector<std::uint32_t> depths(reader_.u32() + 1);
  for (std::uint32_t& depth : depths) depth = reader_.u32();
  // A block of its own for each target: a PHI wants each edge into it once.
  std::vector<std::pair<std::uint32_t, BasicBlock*>> edges;
  BasicBlock* from = b_.GetInsertBlock();
  auto edge = [&](std::uint32_t depth) {
    for (auto& [known, to] : edges) {
      if (known == depth) return to;
    }
    BasicBlock* made = block();
    b_.SetInsertPoint(made);
    leave_to(label(depth).label, label(depth).label_values);
    edges.emplace_back(depth, made);
    return made;
  };
  BasicBlock* otherwise = edge(depths.back());
  b_.SetInsertPoint(from);
  llvm::SwitchInst* made =
      b_.CreateSwitch(index, otherwise, static_cast<unsigned>(depths.size() - 1));
  for (std::size_t i = 0; i + 1 < depths.size(); ++i) {
    BasicBlock* to = edge(depths[i]);
    if (to != otherwise) made->addCase(b_.getInt32(static_cast<std::uint32_t>(i)), to);
  }
  dead_ = true;
  dead_blocks_ = 0;
}

void FunctionLowering::finish_call(llvm::CallInst* made, const FuncType& type) {
  if (type.results.size() == 1) push(made);
  if (type.results.size() < 2) return;
  for (unsigned i = 0; i < type.results.size(); ++i) push(b_.CreateExtractValue(made, i));
}

Value* FunctionLowering::call_through(Value* entry, const FuncType& type, Values arguments) {
  Value* native = instance_load(b_.getPtrTy(), entry);
  Value* context = instance_load(
      b_.getPtrTy(),
      b_.CreateConstGEP1_32(b_.getInt8Ty(), entry, offsetof(abi::FunctionEntry, context)));
  Value* self = b_.CreateSelect(b_.CreateIsNull(context), instance_, context);
  arguments.insert(arguments.begin(), {self, entry});
  llvm::CallInst* made = b_.CreateCall(module_.function_type(type, true), native, arguments);
  made->addParamAttr(0, llvm::Attribute::SwiftSelf);
  made->addParamAttr(1, llvm::Attribute::Nest);
  finish_call(made, type);
  return made;
}

void FunctionLowering::call(std::uint32_t index) {
  const FuncType& type = wasm_.type_of(index);
  module_.needed_types_.insert(wasm_.functions[index]);
  Values arguments(stack_.end() - static_cast<std::ptrdiff_t>(type.params.size()), stack_.end());
  stack_.resize(stack_.size() - type.params.size());
  if (index < wasm_.imported_functions) {
    Value* functions = constant_field(b_.getPtrTy(), offsetof(abi::InstanceHeader, functions));
    llvm::LoadInst* entry = unchanging(
        b_.CreateLoad(b_.getPtrTy(), b_.CreateConstGEP1_32(b_.getPtrTy(), functions, index)));
    call_through(entry, type, std::move(arguments));
    return;
  }
  arguments.insert(arguments.begin(), instance_);
  llvm::CallInst* made = b_.CreateCall(module_.function(index), arguments);
  made->addParamAttr(0, llvm::Attribute::SwiftSelf);
  finish_call(made, type);
}

llvm::LoadInst* FunctionLowering::unchanging(llvm::LoadInst* load) {
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b_.getContext(), {}));
  return load;
}

Value* FunctionLowering::table_element(std::uint32_t table, Value* index, TrapCode code) {
  Value* view = constant_field(b_.getPtrTy(), module_.layout_.table(table));
  // A table that nobody can make longer: place and size are constants.
  const Limits& limits = wasm_.tables[table].limits;
  if (limits.max && *limits.max == limits.min) {
    trap_if(b_.CreateICmpUGE(index, b_.getInt32(limits.min)), code);
    return b_.CreateGEP(b_.getInt64Ty(), unchanging(instance_load(b_.getPtrTy(), view)),
                        b_.CreateZExt(index, b_.getInt64Ty()));
  }
  Value* size = instance_load(
      b_.getInt64Ty(), b_.CreateConstGEP1_32(b_.getInt8Ty(), view, offsetof(abi::TableView, size)));
  Value* wide = b_.CreateZExt(index, b_.getInt64Ty());
  trap_if(b_.CreateICmpUGE(wide, size), code);
  return b_.CreateGEP(b_.getInt64Ty(), instance_load(b_.getPtrTy(), view), wide);
}

// Of the element of the fixed table, where its code is from fixed_offsets(); 0 where it is not of the type, or not
// in the artifact.
Value* FunctionLowering::fixed_offset(Value* index, std::uint32_t type) {
  Value* wide = b_.CreateZExt(index, b_.getInt64Ty());
  auto element = [&](llvm::GlobalVariable* array, llvm::Type* of) {
    return unchanging(b_.CreateLoad(of, b_.CreateGEP(of, array, wide)));
  };
  Value* found = element(module_.fixed_types(), b_.getInt16Ty());
  Value* fits = b_.CreateICmpEQ(
      found, b_.getInt16(static_cast<std::uint16_t>(module_.layout_.first_equal(type))));
  return b_.CreateSelect(fits, element(module_.fixed_offsets(), b_.getInt64Ty()), b_.getInt64(0));
}

// Through a table, most calls are of functions of the same instance: these take one comparison, and what the
// caller knows already, or what stands beside the code. All others go the longer way.
void FunctionLowering::call_indirect() {
  const std::uint32_t type_index = reader_.u32();
  const std::uint32_t table = reader_.u32();
  const FuncType& type = wasm_.types[type_index];
  module_.needed_types_.insert(type_index);
  Value* index = pop();
  Values arguments(stack_.end() - static_cast<std::ptrdiff_t>(type.params.size()), stack_.end());
  stack_.resize(stack_.size() - type.params.size());
  Value *entry = nullptr, *native = nullptr, *is_own;
  auto find_entry = [&] {
    entry = instance_load(b_.getPtrTy(), table_element(table, index, TrapCode::UndefinedElement));
  };
  // A null entry faults there, in the first page: after all accesses before it.
  auto entry_field = [&](llvm::Type* of, std::size_t offset) {
    llvm::LoadInst* made = instance_load(of, b_.CreateConstGEP1_32(b_.getInt8Ty(), entry, offset));
    made->setVolatile(true);
    return made;
  };
  if (module_.fixed_) {
    const auto size = static_cast<std::uint32_t>(module_.fixed_->size());
    trap_if(b_.CreateICmpUGE(index, b_.getInt32(size)), TrapCode::UndefinedElement);
    Value* offset = fixed_offset(index, type_index);
    is_own = b_.CreateIsNotNull(offset);
    native = b_.CreateGEP(b_.getInt8Ty(), module_.fixed_offsets(), offset);
  } else {
    find_entry();
    Value* own_type = entry_field(b_.getInt64Ty(), offsetof(abi::FunctionEntry, own_type));
    // Against the instance, which is at hand, not against an address that would take a register of its own.
    Value* distance = b_.CreateSub(own_type, b_.CreatePtrToInt(instance_, b_.getInt64Ty()));
    is_own = b_.CreateICmpEQ(distance, b_.getInt64(module_.layout_.own_type(type_index)));
  }
  llvm::BasicBlock* own = block();
  llvm::BasicBlock* other = block();
  llvm::BasicBlock* next = block();
  b_.CreateCondBr(is_own, own, other,
                  llvm::MDBuilder(b_.getContext()).createBranchWeights(1 << 20, 1));
  const std::size_t height = stack_.size();
  auto join = [&] {
    const Values results(stack_.begin() + static_cast<std::ptrdiff_t>(height), stack_.end());
    stack_.resize(height);
    b_.CreateBr(next);
    return std::pair(b_.GetInsertBlock(), results);
  };

  b_.SetInsertPoint(own);
  Values own_arguments = arguments;
  own_arguments.insert(own_arguments.begin(), instance_);
  // The entry may change between the loads of its fields: what it then is called with is enough for an exit thunk.
  if (entry) own_arguments.insert(own_arguments.begin() + 1, entry);
  if (!native) native = instance_load(b_.getPtrTy(), entry);
  llvm::CallInst* made =
      b_.CreateCall(module_.function_type(type, entry != nullptr), native, own_arguments);
  made->addParamAttr(0, llvm::Attribute::SwiftSelf);
  if (entry) made->addParamAttr(1, llvm::Attribute::Nest);
  finish_call(made, type);
  const auto [own_end, own_results] = join();

  b_.SetInsertPoint(other);
  if (!entry) find_entry();
  Value* type_id = entry_field(b_.getInt32Ty(), offsetof(abi::FunctionEntry, type_id));
  Value* wanted = constant_field(b_.getInt32Ty(), module_.layout_.type_id(type_index));
  trap_if(b_.CreateICmpNE(type_id, wanted), TrapCode::IndirectCallTypeMismatch);
  call_through(entry, type, std::move(arguments));
  const auto [other_end, other_results] = join();

  b_.SetInsertPoint(next);
  for (std::size_t i = 0; i < type.results.size(); ++i) {
    PHINode* either = b_.CreatePHI(own_results[i]->getType(), 2);
    either->addIncoming(own_results[i], own_end);
    either->addIncoming(other_results[i], other_end);
    push(either);
  }
}

void FunctionLowering::select() {
  Value* condition = b_.CreateIsNotNull(pop());
  Value* b = pop();
  Value* a = pop();
  push(b_.CreateSelect(condition, a, b));
}

Value* FunctionLowering::global_cell(std::uint32_t index) {
  const std::size_t at = module_.layout_.global(index);
  if (index < wasm_.imported_globals) return constant_field(b_.getPtrTy(), at);
  return field(at);
}

void FunctionLowering::tables(Opcode opcode) {
  switch (opcode) {
    case Opcode::TableGet: {
      Value* at = table_element(reader_.u32(), pop(), TrapCode::OutOfBoundsTable);
      return push(instance_load(b_.getInt64Ty(), at));
    }
    case Opcode::TableSet: {
      const std::uint32_t table = reader_.u32();
      Value* value = pop();
      return instance_store(value, table_element(table, pop(), TrapCode::OutOfBoundsTable));
    }
    case Opcode::TableSize: {
      Value* view = constant_field(b_.getPtrTy(), module_.layout_.table(reader_.u32()));
      Value* size = instance_load(
          b_.getInt64Ty(),
          b_.CreateConstGEP1_32(b_.getInt8Ty(), view, offsetof(abi::TableView, size)));
      return push(b_.CreateTrunc(size, b_.getInt32Ty()));
    }
    case Opcode::TableGrow: {
      Value* table = b_.getInt32(reader_.u32());
      Value* by = pop();
      Value* value = pop();
      return push(helper(abi::Helper::table_grow, {table, value, by}));
    }
    default:
      break;
  }
  std::uint64_t operand = 0;
  abi::Helper which = abi::Helper::elem_drop;
  switch (opcode) {
    case Opcode::ElemDrop:
      helper(abi::Helper::elem_drop, {b_.getInt32(reader_.u32())});
      return;
    case Opcode::TableInit: {
      const std::uint64_t segment = reader_.u32();
      operand = std::uint64_t{reader_.u32()} << 32 | segment;
      which = abi::Helper::table_init;
      break;
    }
    case Opcode::TableCopy: {
      const std::uint64_t to = reader_.u32();
      operand = to << 32 | reader_.u32();
      which = abi::Helper::table_copy;
      break;
    }
    default: {  // table.fill
      Value* table = b_.getInt32(reader_.u32());
      Value* count = pop();
      Value* value = pop();
      helper(abi::Helper::table_fill, {table, pop(), value, count});
      return;
    }
  }
  Value* count = pop();
  Value* from = pop();
  helper(which, {b_.getInt64(operand), pop(), from, count});
}

void FunctionLowering::instruction(Opcode opcode) {
  switch (opcode) {
    case Opcode::Unreachable:
      trap(b_.getInt32(static_cast<std::uint32_t>(TrapCode::Unreachable)));
      dead_ = true;
      dead_blocks_ = 0;
      return;
    case Opcode::Nop:
      return;
    case Opcode::Block:
      return open(BlockKind::Block);
    case Opcode::Loop:
      return open(BlockKind::Loop);
    case Opcode::If:
      return open(BlockKind::If);
    case Opcode::Else:
      return on_else();
    case Opcode::End:
      return on_end();
    case Opcode::Br:
      return branch(reader_.u32());
    case Opcode::BrIf:
      return branch_if(reader_.u32());
    case Opcode::BrTable:
      return branch_table();
    case Opcode::Return:
      return branch(static_cast<std::uint32_t>(controls_.size() - 1));
    case Opcode::Call:
      return call(reader_.u32());
    case Opcode::CallIndirect:
      return call_indirect();
    case Opcode::Drop:
      pop();
      return;
    case Opcode::SelectTyped:
      reader_.skip_immediates(Immediate::Types);
      return select();
    case Opcode::Select:
      return select();
    case Opcode::LocalGet: {
      llvm::AllocaInst* local = locals_[reader_.u32()];
      return push(b_.CreateLoad(local->getAllocatedType(), local));
    }
    case Opcode::LocalSet:
      b_.CreateStore(pop(), locals_[reader_.u32()]);
      return;
    case Opcode::LocalTee:
      b_.CreateStore(stack_.back(), locals_[reader_.u32()]);
      return;
    case Opcode::GlobalGet: {
      const std::uint32_t index = reader_.u32();
      return push(instance_load(module_.type(wasm_.globals[index].type), global_cell(index)));
    }
    case Opcode::GlobalSet: {
      const std::uint32_t index = reader_.u32();
      Value* value = pop();
      // An i32 is kept zero-extended in its cell.
      if (value->getType() == b_.getInt32Ty()) value = b_.CreateZExt(value, b_.getInt64Ty());
      return instance_store(value, global_cell(index));
    }
    case Opcode::RefNull:
      reader_.byte();
      return push(b_.getInt64(0));
    case Opcode::RefIsNull:
      return push_bool(b_.CreateIsNull(pop()));
    case Opcode::RefFunc: {
      Value* functions = constant_field(b_.getPtrTy(), offsetof(abi::InstanceHeader, functions));
      return push(instance_load(b_.getInt64Ty(),
                                b_.CreateConstGEP1_32(b_.getPtrTy(), functions, reader_.u32())));
    }
    case Opcode::TableGet:
    case Opcode::TableSet:
    case Opcode::TableSize:
    case Opcode::TableGrow:
    case Opcode::TableFill:
    case Opcode::TableCopy:
    case Opcode::TableInit:
    case Opcode::ElemDrop:
      return tables(opcode);
    default:
      if (!memory(opcode)) numeric(opcode);
  }
}

}  // namespace wherry::wasm::compiler
