// LLVM's text for tests of passes.
#pragma once

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SourceMgr.h>

#include <memory>
#include <string>

namespace wherry::wasm::compiler {

// A module after the pass has seen its function f.
template <typename Pass>
std::unique_ptr<llvm::Module> after_pass(const std::string& text, llvm::LLVMContext& context) {
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, problem, context);
  if (!module) {
    ADD_FAILURE() << problem.getMessage().str() << ": " << problem.getLineContents().str();
    return std::make_unique<llvm::Module>("none", context);
  }
  llvm::FunctionAnalysisManager analyses;
  llvm::PassBuilder().registerFunctionAnalyses(analyses);
  Pass().run(*module->getFunction("f"), analyses);
  EXPECT_FALSE(llvm::verifyModule(*module, &llvm::errs()));
  return module;
}

}  // namespace wherry::wasm::compiler
