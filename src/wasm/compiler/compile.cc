#include "wasm/compiler/compile.h"

#include <llvm/IR/LLVMContext.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <functional>
#include <thread>

#include "base/error.h"
#include "wasm/artifact/shape.h"
#include "wasm/compiler/link.h"
#include "wasm/compiler/lower.h"
#include "wasm/compiler/object.h"

namespace wherry::wasm {

using namespace compiler;

std::string compile_environment(const CompileOptions& options) {
  return environment_for(options.features);
}

namespace {

// What `lower` puts into a module of its own, as an object. name: of the files that are dumped.
CodeObject make(const Module& module, const CompileOptions& options, const std::string& name,
                const std::function<void(ModuleLowering&)>& lower) {
  const auto target = target_of(options);
  llvm::LLVMContext context;
  llvm::Module ir("module", context);
  ir.setTargetTriple(target->getTargetTriple().str());
  ir.setDataLayout(target->createDataLayout());
  ModuleLowering lowering(module, ir);
  lower(lowering);
  CompileOptions mine = options;
  if (!mine.dump_ir.empty()) mine.dump_ir += fmt::format("/{}.ll", name);
  const llvm::SmallVector<char, 0> object = make_object(ir, *target, mine);
  if (!options.dump_object.empty()) {
    std::ofstream(fmt::format("{}/{}.o", options.dump_object, name), std::ios::binary)
        .write(object.data(), static_cast<std::streamsize>(object.size()));
  }
  return {.bytes = {object.begin(), object.end()}};
}

// By the code alone, not by the machine's processors: so the result is the same wherever it is made.
constexpr std::size_t kPartBytes = 96 * 1024;

std::vector<Compiler::Request> split(const Module& module, Compiler::Level level) {
  std::vector<Compiler::Request> parts;
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < module.code.size(); ++i) {
    const std::size_t size = module.code[i].body.size();
    if (parts.empty() || (bytes > 0 && bytes + size > kPartBytes)) {
      parts.push_back({.functions = {}, .level = level});
      bytes = 0;
    }
    parts.back().functions.push_back(i);
    bytes += size;
  }
  return parts;
}

// Runs work(i) for each i below count on that many threads. Throws what the lowest i threw.
void for_each(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(count);
  auto run = [&] {
    for (std::size_t i; (i = next++) < count;) {
      try {
        work(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::min<std::size_t>(threads, count); ++i) others.emplace_back(run);
  run();
  for (std::thread& other : others) other.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace

Compiler::Compiler(const Module& module, const CompileOptions& options)
    : module_(module),
      options_(options),
      key_{.module = digest_of(module.bytes), .environment = compile_environment(options)},
      shape_(shape_of(module)),
      thunks_(thunks()) {}

CodeObject Compiler::object(const Request& request) const {
  CompileOptions options = options_;
  options.optimise = request.level == Level::Full;
  const std::string name =
      request.functions.empty() ? "loops" : fmt::format("part{}", request.functions.front());
  return make(module_, options, name, [&](ModuleLowering& lowering) {
    for (std::uint32_t defined : request.functions) lowering.define_function(defined);
  });
}

CodeObject Compiler::thunks() const {
  return make(module_, options_, "thunks", [&](ModuleLowering& lowering) {
    for (std::uint32_t type = 0; type < module_.types.size(); ++type) lowering.define_thunks(type);
  });
}

CodeObject Compiler::stubs(const std::vector<std::uint32_t>& functions) const {
  return make(module_, options_, "stubs", [&](ModuleLowering& lowering) {
    for (std::uint32_t defined : functions) lowering.define_stub(defined);
  });
}

std::vector<std::uint8_t> Compiler::link(std::span<const CodeObject* const> objects) const {
  Linker linker(module_.imported_functions, static_cast<std::uint32_t>(module_.code.size()),
                static_cast<std::uint32_t>(module_.types.size()));
  linker.add(thunks_.bytes);
  for (const CodeObject* object : objects) linker.add(object->bytes);
  const std::vector<std::uint32_t> missing = linker.missing();
  CodeObject rest;
  if (!missing.empty()) {
    rest = stubs(missing);
    linker.add_stubs(rest.bytes);
  }
  ArtifactContent content = linker.finish();
  content.shape = shape_;
  return write_artifact(key_, content);
}

std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options) {
  const Compiler compiler(module, options);
  const std::vector<Compiler::Request> parts =
      split(module, options.optimise ? Compiler::Level::Full : Compiler::Level::Quick);
  std::vector<CodeObject> objects(parts.size());
  for_each(parts.size(), options.threads,
           [&](std::size_t i) { objects[i] = compiler.object(parts[i]); });
  std::vector<const CodeObject*> all;
  for (const CodeObject& object : objects) all.push_back(&object);
  return compiler.link(all);
}

}  // namespace wherry::wasm
