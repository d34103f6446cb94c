#include "wasm/compiler/compile.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>

#include <fstream>

#include "base/error.h"
#include "wasm/compiler/link.h"
#include "wasm/compiler/lower.h"
#include "wasm/compiler/object.h"

namespace wherry::wasm {

using namespace compiler;

std::string compile_environment(const CompileOptions& options) {
  const auto target = host_target(options);
  return fmt::format("wherry {} llvm {} {} {} {}{}", WHERRY_VERSION, LLVM_VERSION_STRING,
                     target->getTargetTriple().str(), target->getTargetCPU().str(),
                     target->getTargetFeatureString().str(), options.optimise ? "" : " quick");
}

std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options) {
  const auto target = host_target(options);
  llvm::LLVMContext context;
  llvm::Module ir("module", context);
  ir.setTargetTriple(target->getTargetTriple().str());
  ir.setDataLayout(target->createDataLayout());
  ModuleLowering lowering(module, ir);
  const auto functions = static_cast<std::uint32_t>(module.code.size());
  const auto types = static_cast<std::uint32_t>(module.types.size());
  for (std::uint32_t i = 0; i < functions; ++i) lowering.define_function(i);
  for (std::uint32_t type = 0; type < types; ++type) lowering.define_thunks(type);
  const llvm::SmallVector<char, 0> object = make_object(ir, *target, options);
  if (!options.dump_object.empty()) {
    std::ofstream(options.dump_object, std::ios::binary)
        .write(object.data(), static_cast<std::streamsize>(object.size()));
  }
  const ArtifactContent content =
      link({llvm::ArrayRef<char>(object)}, module.imported_functions, functions, types);
  return write_artifact(
      {.module = digest_of(module.bytes), .environment = compile_environment(options)}, content);
}

}  // namespace wherry::wasm
