// What the loop vectoriser cannot tell apart in a guest's memory, told apart at run time. Internal to wasm/compiler.
#pragma once

#include <llvm/IR/PassManager.h>

namespace wherry::wasm::compiler {

// To LLVM a guest's memory is one object, and producers unroll loops: a loop over two arrays then has four
// addresses or more, each a constant away from another. The vectoriser checks at run time that no two of them
// meet, which of those that belong together is never so: the loop that it made is never run. This pass puts such
// addresses together, checks the arrays that they make against each other, once, before the loop, and where they
// are apart enters a copy of the loop whose accesses say so.
class SeparateAccesses : public llvm::PassInfoMixin<SeparateAccesses> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace wherry::wasm::compiler
