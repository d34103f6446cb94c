#include "wasm/compiler/compile.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <thread>

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

namespace {

// Functions [first, end) of the module's own, compiled together.
struct Part {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  llvm::SmallVector<char, 0> object = {};
};

// By the code alone, not by the machine's processors: so the result is the same wherever it is made.
constexpr std::size_t kPartBytes = 96 * 1024;

std::vector<Part> split(const Module& module) {
  std::vector<Part> parts(1);
  std::size_t bytes = 0;
  for (const Code& code : module.code) {
    if (bytes > 0 && bytes + code.body.size() > kPartBytes) {
      parts.push_back({.first = parts.back().end, .end = parts.back().end});
      bytes = 0;
    }
    bytes += code.body.size();
    ++parts.back().end;
  }
  return parts;
}

void compile_part(const Module& module, Part& part, std::size_t number,
                  const CompileOptions& options) {
  const auto target = host_target(options);
  llvm::LLVMContext context;
  llvm::Module ir("module", context);
  ir.setTargetTriple(target->getTargetTriple().str());
  ir.setDataLayout(target->createDataLayout());
  ModuleLowering lowering(module, ir);
  for (std::uint32_t i = part.first; i < part.end; ++i) lowering.define_function(i);
  if (number == 0) {
    for (std::uint32_t type = 0; type < module.types.size(); ++type) lowering.define_thunks(type);
  }
  CompileOptions mine = options;
  if (!mine.dump_ir.empty()) mine.dump_ir += fmt::format("/part{}.ll", number);
  part.object = make_object(ir, *target, mine);
  if (!options.dump_object.empty()) {
    std::ofstream(fmt::format("{}/part{}.o", options.dump_object, number), std::ios::binary)
        .write(part.object.data(), static_cast<std::streamsize>(part.object.size()));
  }
}

}  // namespace

std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options) {
  std::vector<Part> parts = split(module);
  host_target(options);  // LLVM's own start, before there are threads
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(parts.size());
  auto work = [&] {
    for (std::size_t i; (i = next++) < parts.size();) {
      try {
        compile_part(module, parts[i], i, options);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::min<std::size_t>(options.threads, parts.size()); ++i) {
    others.emplace_back(work);
  }
  work();
  for (std::thread& other : others) other.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  std::vector<llvm::ArrayRef<char>> objects;
  for (const Part& part : parts) objects.emplace_back(part.object);
  const ArtifactContent content =
      link(objects, module.imported_functions, static_cast<std::uint32_t>(module.code.size()),
           static_cast<std::uint32_t>(module.types.size()));
  return write_artifact(
      {.module = digest_of(module.bytes), .environment = compile_environment(options)}, content);
}

}  // namespace wherry::wasm
