// Out of code that is not meant to last, quickly made or entered at a loop, at the head of one of its loops, and into
// better code that begins there (abi.h). What is asked at each pass is one comparison; the rest is out of the way, and there once for all loops of
// the function but for their operand stacks.
#include <llvm/IR/MDBuilder.h>

#include "wasm/compiler/lower.h"

namespace wherry::wasm::compiler {

using llvm::BasicBlock;
using llvm::Value;

namespace {

std::size_t slots_of_all(const std::vector<llvm::AllocaInst*>& locals) {
  std::size_t slots = 0;
  for (const llvm::AllocaInst* local : locals) slots += slots_of(local->getAllocatedType());
  return slots;
}

// Whether the ordinal-th loop of the body calls functions.
bool has_calls(const Code& code, std::uint32_t ordinal) {
  std::vector<bool> open;  // blocks, and whether they are that loop
  bool inside = false;
  std::uint32_t loops = 0;
  BodyReader reader(code.body);
  while (reader.at() < code.body.data() + code.body.size()) {
    const Opcode opcode = reader.opcode();
    switch (opcode) {
      case Opcode::Loop:
        open.push_back(loops++ == ordinal);
        inside = inside || open.back();
        break;
      case Opcode::Block:
      case Opcode::If:
        open.push_back(false);
        break;
      case Opcode::End:
        if (open.empty()) break;
        if (open.back()) return false;
        open.pop_back();
        break;
      case Opcode::Call:
      case Opcode::CallIndirect:
        if (inside) return true;
        break;
      default:
        break;
    }
    reader.skip_immediates(info(opcode).immediate);
  }
  return false;
}

}  // namespace

bool FunctionLowering::offers_move(std::uint32_t ordinal) const {
  switch (module_.moves_) {
    case Moves::No:
      return false;
    case Moves::WhereEntered:
      return ordinal == enter_at_ && has_calls(code_, ordinal);
    case Moves::AtLoops:
      return true;
  }
  return false;
}

void FunctionLowering::offer_move(std::uint32_t ordinal) {
  std::size_t slots = slots_of_all(locals_);
  for (const Value* value : stack_) slots += slots_of(value->getType());
  const FuncType& type = wasm_.type_of(wasm_.imported_functions + defined_);
  // Never at the same place: that would be the function's start (lower_osr.cc).
  if (slots + slots_of(type.results) >= abi::kCallAreaSlots) return;
  // Volatile: the engine writes it while the loop runs.
  llvm::LoadInst* wanted = b_.CreateLoad(b_.getInt8Ty(), field(module_.layout_.moves(defined_)));
  wanted->setVolatile(true);
  BasicBlock* ask = block();
  BasicBlock* leave = block();
  BasicBlock* stay = block();
  llvm::MDNode* seldom = llvm::MDBuilder(b_.getContext()).createBranchWeights(1, 1 << 20);
  b_.CreateCondBr(b_.CreateIsNotNull(wanted), ask, stay, seldom);
  b_.SetInsertPoint(ask);
  Value* code = helper(abi::Helper::find_loop, {b_.getInt32(defined_), b_.getInt32(ordinal)});
  b_.CreateCondBr(b_.CreateIsNotNull(code), leave, stay);
  b_.SetInsertPoint(leave);
  leave_for(code);
  b_.SetInsertPoint(stay);
}

void FunctionLowering::leave_for(Value* code) {
  if (!leaving_) {
    leaving_ = block();
    leaving_for_ = llvm::PHINode::Create(b_.getInt64Ty(), 0, "", leaving_);
  }
  Value* area = call_area(b_, instance_);
  std::size_t slot = slots_of_all(locals_);
  for (Value* value : stack_) {
    b_.CreateAlignedStore(value, slot_at(b_, area, slot), llvm::Align(8));
    slot += slots_of(value->getType());
  }
  leaving_for_->addIncoming(code, b_.GetInsertBlock());
  b_.CreateBr(leaving_);
}

// The rest of a move: the locals, the call, the function's results.
void FunctionLowering::define_leaving() {
  if (!leaving_) return;
  b_.SetInsertPoint(leaving_);
  Value* area = call_area(b_, instance_);
  std::size_t slot = 0;
  for (llvm::AllocaInst* local : locals_) {
    llvm::Type* type = local->getAllocatedType();
    b_.CreateAlignedStore(b_.CreateLoad(type, local), slot_at(b_, area, slot), llvm::Align(8));
    slot += slots_of(type);
  }
  llvm::Type* pointer = b_.getPtrTy();
  auto* type = llvm::FunctionType::get(b_.getVoidTy(), {pointer, pointer, pointer}, false);
  const FuncType& of = wasm_.type_of(wasm_.imported_functions + defined_);
  Value* results_at = slot_at(b_, area, abi::kCallAreaSlots - slots_of(of.results));
  b_.CreateCall(type, b_.CreateIntToPtr(leaving_for_, pointer), {instance_, area, results_at});
  const Values results = module_.load_values(b_, results_at, of.results);
  if (enter_at_) {
    return_to_slots(results);
  } else {
    return_values(b_, results);
  }
}

}  // namespace wherry::wasm::compiler
