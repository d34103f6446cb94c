// One LLVM module to machine code. Internal to wasm/compiler.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>

#include "wasm/compiler/compile.h"

namespace wherry::wasm::compiler {

// For a machine with these features, all others off. A TargetMachine belongs to one thread.
std::unique_ptr<llvm::TargetMachine> target_of(const CompileOptions& options);

// An ELF object file. Loads whose value the guest never uses are kept, since they may trap.
llvm::SmallVector<char, 0> make_object(llvm::Module& module, llvm::TargetMachine& target,
                                       const CompileOptions& options);

}  // namespace wherry::wasm::compiler
