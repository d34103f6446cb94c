// Vectors that only wait for each other, as scalars. Internal to wasm/compiler.
#pragma once

#include <llvm/IR/PassManager.h>

namespace wherry::wasm::compiler {

// Of four equal computations, side by side, producers make one of vectors: a cipher's rounds. It has no parallelism left
// but the lanes': each operation waits for the one before, for a cycle or, on many processors, for two, and what could
// do four of them at once does one. In scalars the four run by themselves, beside each other. This pass takes such
// vectors apart where a loop is nothing but one chain of them, with no memory in between.
class ScalarChains : public llvm::PassInfoMixin<ScalarChains> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace wherry::wasm::compiler
