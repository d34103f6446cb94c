// Loops that are slower unrolled. Internal to wasm/compiler.
#pragma once

#include <llvm/IR/PassManager.h>

namespace wherry::wasm::compiler {

// A loop that carries the lesser of two values from pass to pass, as dynamic programming does, waits for each choice in
// turn. Of one choice in a row the code generator makes a conditional move; of two, which is what unrolling leaves it
// with, branches that the processor cannot foresee. This pass has the unroller leave such loops alone.
class KeepRolled : public llvm::PassInfoMixin<KeepRolled> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace wherry::wasm::compiler
