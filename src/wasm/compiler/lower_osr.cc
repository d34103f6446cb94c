// A function that is entered at the head of one of its loops, to go on where the interpreter was: all of its
// body, with one edge more. Locals and operand stack come from slots, results go to slots (abi.h).
//
// It is a function of C's convention: void(instance, values, results). What lies before the loop and is not
// reached again from it has no way in, and LLVM drops it.
//
// Where the function itself is wanted too, the same body has both ways in: entered with the results where the values
// are, it begins at the start, with the arguments there. The function is then a few instructions that do so.
#include "base/error.h"
#include "wasm/compiler/lower.h"

namespace wherry::wasm::compiler {

using llvm::BasicBlock;
using llvm::Value;

void ModuleLowering::define_loop(const LoopId& loop) { define_loop(loop, false); }

llvm::Function* ModuleLowering::define_loop(const LoopId& loop, bool from_start_too) {
  const std::uint32_t index = wasm_.imported_functions + loop.function;
  llvm::Type* pointer = llvm::PointerType::get(context_, 0);
  llvm::Function* made = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getVoidTy(context_), {pointer, pointer, pointer}, false),
      llvm::GlobalValue::ExternalLinkage, fmt::format("loop{}_{}", index, loop.ordinal), ir_);
  made->setVisibility(llvm::GlobalValue::HiddenVisibility);
  made->setDSOLocal(true);
  set_attributes(*made);
  FunctionLowering lowering(*this, loop.function, made);
  lowering.enter_at_ = loop.ordinal;
  lowering.from_start_too_ = from_start_too;
  lowering.run();
  if (lowering.entry_) {
    fail(ErrorKind::InvalidArgument, "function {} has no loop {} that can be reached", index,
         loop.ordinal);
  }
  return made;
}

void ModuleLowering::define_function_with_loop(const LoopId& loop) {
  const std::uint32_t index = wasm_.imported_functions + loop.function;
  const FuncType& of = wasm_.type_of(index);
  needed_types_.insert(wasm_.functions[index]);
  llvm::Function* body = define_loop(loop, true);
  llvm::Function* made = function(index);
  llvm::IRBuilder<> b(context_);
  b.SetInsertPoint(llvm::BasicBlock::Create(context_, "", made));
  const std::uint64_t slots = std::max({slots_of(of.params), slots_of(of.results), 1u});
  Value* area = b.CreateAlloca(llvm::ArrayType::get(b.getInt64Ty(), slots));
  std::uint32_t slot = 0;
  for (unsigned p = 0; p < of.params.size(); ++p) {
    b.CreateAlignedStore(made->getArg(p + 1), slot_at(b, area, slot), llvm::Align(8));
    slot += slots_of(of.params[p]);
  }
  b.CreateCall(body, {made->getArg(0), area, area});
  return_values(b, load_values(b, area, of.results));
}

// The next of the values that the entry finds in slots.
Value* FunctionLowering::entry_value(llvm::Type* type) {
  Value* at = b_.CreateConstGEP1_64(b_.getInt64Ty(), function_->getArg(1), entry_slots_);
  entry_slots_ += slots_of(type);
  return b_.CreateAlignedLoad(type, at, llvm::Align(8));
}

// Where the function begins; what comes now is for the loop.
BasicBlock* FunctionLowering::choose_start() {
  BasicBlock* start = block();
  BasicBlock* resume = block();
  b_.CreateCondBr(b_.CreateICmpEQ(function_->getArg(1), function_->getArg(2)), start, resume);
  b_.SetInsertPoint(resume);
  return start;
}

// The entry's block is left open until the loop is found; without one that is chosen, the body's start is a block
// without a way in.
void FunctionLowering::suspend_entry(BasicBlock* start) {
  entry_ = b_.GetInsertBlock();
  b_.SetInsertPoint(start ? start : block());
}

// Where the loop is opened: the operand stack is what it was, or what the entry finds.
void FunctionLowering::join_entry() {
  BasicBlock* joined = block();
  keep_below(stack_.size());
  b_.CreateBr(joined);
  b_.SetInsertPoint(entry_);
  for (std::size_t i = 0; i < stack_.size(); ++i) {
    llvm::Type* type = stack_[i]->getType();
    b_.CreateStore(entry_value(type), kept_at(i, type));
  }
  b_.CreateBr(joined);
  b_.SetInsertPoint(joined);
  fetch_below(stack_.size());
  entry_ = nullptr;
}

// With a second way in, a value that was computed before a block was opened need not have been computed where
// the block ends. So what is on the operand stack below a block is in variables while the block lasts, wherever
// control came from, and is taken from there at each of its labels.
void FunctionLowering::keep_below(std::size_t height) {
  for (std::size_t i = 0; i < height; ++i) {
    b_.CreateStore(stack_[i], kept_at(i, stack_[i]->getType()));
  }
}

void FunctionLowering::fetch_below(std::size_t height) {
  for (std::size_t i = 0; i < height; ++i) {
    llvm::Type* type = stack_[i]->getType();
    stack_[i] = b_.CreateLoad(type, kept_at(i, type));
  }
}

llvm::AllocaInst* FunctionLowering::kept_at(std::size_t index, llvm::Type* type) {
  llvm::AllocaInst*& made = kept_[{index, type}];
  if (!made) {
    BasicBlock& start = function_->getEntryBlock();
    made = llvm::IRBuilder<>(&start, start.begin()).CreateAlloca(type);
  }
  return made;
}

void FunctionLowering::return_to_slots(const Values& results) {
  std::uint64_t slot = 0;
  for (Value* value : results) {
    llvm::Type* type = value->getType();
    // As the interpreter keeps an i32.
    if (type == b_.getInt32Ty()) value = b_.CreateZExt(value, b_.getInt64Ty());
    Value* at = b_.CreateConstGEP1_64(b_.getInt64Ty(), function_->getArg(2), slot);
    b_.CreateAlignedStore(value, at, llvm::Align(8));
    slot += slots_of(type);
  }
  b_.CreateRetVoid();
}

}  // namespace wherry::wasm::compiler
