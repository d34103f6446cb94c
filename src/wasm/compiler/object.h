// One LLVM module to machine code. Internal to wasm/compiler.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>

#include "wasm/compiler/compile.h"

namespace wherry::wasm::compiler {

// For this machine: its CPU and features.
std::unique_ptr<llvm::TargetMachine> host_target(const CompileOptions& options);

// An ELF object file. Loads whose value the guest never uses are kept, since they may trap.
llvm::SmallVector<char, 0> make_object(llvm::Module& module, llvm::TargetMachine& target,
                                       const CompileOptions& options);

}  // namespace wherry::wasm::compiler
