#include "wasm/compiler/masked_loads.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

namespace wherry::wasm::compiler {

namespace {

constexpr llvm::StringRef kHidden = "hidden.";

// Instead of the call, with the same arguments and metadata.
llvm::CallInst* replace(llvm::CallInst& call, llvm::Function& by) {
  llvm::IRBuilder<> b(&call);
  llvm::CallInst* made =
      b.CreateCall(&by, llvm::SmallVector<llvm::Value*>(call.arg_begin(), call.arg_end()));
  made->copyMetadata(call);
  call.replaceAllUsesWith(made);
  call.eraseFromParent();
  return made;
}

// Uses the vector in no instruction, so that the code generator cannot find that nobody does.
void keep(llvm::CallInst& load) {
  constexpr unsigned kRegisterBits = 128;
  llvm::IRBuilder<> b(load.getNextNode());
  auto* type = llvm::cast<llvm::FixedVectorType>(load.getType());
  const unsigned lane_bits = type->getScalarSizeInBits();
  const unsigned lanes = kRegisterBits / lane_bits;
  llvm::Type* kept = llvm::FixedVectorType::get(b.getInt64Ty(), 2);
  llvm::InlineAsm* nothing = llvm::InlineAsm::get(
      llvm::FunctionType::get(b.getVoidTy(), {kept}, false), "", "x", /*hasSideEffects=*/true);
  for (unsigned first = 0; first < type->getNumElements(); first += lanes) {
    llvm::SmallVector<int> chosen;
    for (unsigned i = first; i < first + lanes; ++i) {
      chosen.push_back(i < type->getNumElements() ? static_cast<int>(i) : -1);
    }
    b.CreateCall(nothing, {b.CreateBitCast(b.CreateShuffleVector(&load, chosen), kept)});
  }
}

}  // namespace

void hide_masked_loads(llvm::Function& function) {
  llvm::Module& module = *function.getParent();
  for (llvm::Instruction& each : llvm::make_early_inc_range(llvm::instructions(function))) {
    auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&each);
    if (!call || (call->getIntrinsicID() != llvm::Intrinsic::masked_load &&
                  call->getIntrinsicID() != llvm::Intrinsic::masked_gather)) {
      continue;
    }
    const std::string name = (kHidden + call->getCalledFunction()->getName()).str();
    replace(*call, *llvm::cast<llvm::Function>(
                       module.getOrInsertFunction(name, call->getFunctionType()).getCallee()));
  }
}

void reveal_masked_loads(llvm::Function& function) {
  llvm::Module& module = *function.getParent();
  for (llvm::Instruction& each : llvm::make_early_inc_range(llvm::instructions(function))) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&each);
    llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
    if (!callee || !callee->getName().starts_with(kHidden)) continue;
    const llvm::StringRef name = callee->getName().drop_front(kHidden.size());
    keep(*replace(*call, *module.getFunction(name)));
    if (callee->use_empty()) callee->eraseFromParent();
  }
}

}  // namespace wherry::wasm::compiler
