#include "wasm/compiler/compile.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/ErrorHandling.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <functional>
#include <numeric>
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

CpuFeatures features_of(const std::string& cpu) {
  const auto target = target_of({.features = {}});
  const std::unique_ptr<llvm::MCSubtargetInfo> machine(
      target->getTarget().createMCSubtargetInfo(target->getTargetTriple().str(), "x86-64", ""));
  const bool known = machine->isCPUStringValid(cpu);
  if (known) machine->setDefaultFeatures(cpu, cpu, "");
  if (!known || !machine->checkFeatures("+64bit")) {
    fail(ErrorKind::InvalidArgument, "LLVM {} knows no x86-64 processor '{}'", LLVM_VERSION_STRING,
         cpu);
  }
  CpuFeatures features;
  for (std::string_view feature : known_cpu_features()) {
    if (machine->checkFeatures("+" + std::string(feature))) features.push_back(feature);
  }
  return features;
}

void handle_fatal_errors(void (*handler)(const char* reason)) {
  llvm::install_fatal_error_handler(
      [](void* data, const char* reason, bool) {
        reinterpret_cast<void (*)(const char*)>(data)(reason);
      },
      reinterpret_cast<void*>(handler));
  llvm::install_bad_alloc_error_handler(
      [](void* data, const char*, bool) {
        reinterpret_cast<void (*)(const char*)>(data)("it needs more memory than it may have");
      },
      reinterpret_cast<void*>(handler));
}

namespace {

// What `lower` puts into a module of its own, as an object. name: of the files that are dumped.
CodeObject make(const Module& module, const std::optional<FixedTable>& fixed, Moves moves,
                const CompileOptions& options, const std::string& name,
                const std::function<void(ModuleLowering&)>& lower) {
  const auto target = target_of(options);
  llvm::LLVMContext context;
  llvm::Module ir("module", context);
  ir.setTargetTriple(target->getTargetTriple().str());
  ir.setDataLayout(target->createDataLayout());
  ModuleLowering lowering(module, fixed ? &*fixed : nullptr, moves, ir);
  lower(lowering);
  CompileOptions mine = options;
  if (!mine.dump_ir.empty()) mine.dump_ir += fmt::format("/{}.ll", name);
  const llvm::SmallVector<char, 0> object = make_object(ir, *target, mine);
  if (!options.dump_object.empty()) {
    std::ofstream(fmt::format("{}/{}.o", options.dump_object, name), std::ios::binary)
        .write(object.data(), static_cast<std::streamsize>(object.size()));
  }
  return {.bytes = {object.begin(), object.end()},
          .types = lowering.needed_types(),
          .uses_fixed_table = lowering.uses_fixed_table(),
          .is_quick = !options.optimise};
}

constexpr std::size_t kPartBytes = 96 * 1024;

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
      fixed_(fixed_table(module)) {}

std::vector<Compiler::Request> Compiler::split(Level level) const {
  struct Part {
    std::size_t bytes = 0;
    Request request;
  };
  std::vector<Part> parts;
  for (std::uint32_t i = 0; i < module_.code.size(); ++i) {
    const std::size_t bytes = module_.code[i].body.size();
    if (parts.empty() || parts.back().bytes + bytes > kPartBytes) {
      parts.push_back({.request = {.functions = {}, .level = level}});
    }
    parts.back().request.functions.push_back(i);
    parts.back().bytes += bytes;
  }
  std::ranges::sort(parts, [](const Part& a, const Part& b) {
    if (a.bytes != b.bytes) return a.bytes > b.bytes;
    return a.request.functions.front() < b.request.functions.front();
  });
  std::vector<Request> requests;
  for (Part& part : parts) requests.push_back(std::move(part.request));
  return requests;
}

CodeObject Compiler::object(const Request& request) const {
  CompileOptions options = options_;
  options.optimise = request.level == Level::Full;
  const std::string name =
      request.functions.empty() ? "loops" : fmt::format("part{}", request.functions.front());
  const Moves moves = !options.optimise        ? Moves::AtLoops
                      : !request.loops.empty() ? Moves::WhereEntered
                                               : Moves::No;
  return make(module_, fixed_, moves, options, name, [&](ModuleLowering& lowering) {
    std::set<std::uint32_t> functions(request.functions.begin(), request.functions.end());
    for (const LoopId& loop : request.loops) {
      if (functions.erase(loop.function) > 0) {
        lowering.define_function_with_loop(loop);
      } else {
        lowering.define_loop(loop);
      }
    }
    for (std::uint32_t defined : request.functions) {
      if (functions.contains(defined)) lowering.define_function(defined);
    }
  });
}

CodeObject Compiler::thunks(const std::vector<std::uint32_t>& types) const {
  const std::string name = fmt::format("thunks{}", types.front());
  return make(module_, fixed_, Moves::No, options_, name, [&](ModuleLowering& lowering) {
    for (std::uint32_t type : types) lowering.define_thunks(type);
  });
}

CodeObject Compiler::fixed_table_data() const {
  return make(module_, fixed_, Moves::No, options_, "table",
              [](ModuleLowering& lowering) { lowering.define_fixed_table(); });
}

// A part of a module that somebody waits for needs a few of its types: the others cost it nothing.
std::vector<const CodeObject*> Compiler::thunks_for(
    std::span<const CodeObject* const> objects) const {
  std::set<std::uint32_t> needed;
  for (const CodeObject* object : objects)
    needed.insert(object->types.begin(), object->types.end());
  const std::lock_guard lock(mu_);
  std::vector<std::uint32_t> missing;
  for (std::uint32_t type : needed) {
    if (!thunks_by_type_.contains(type)) missing.push_back(type);
  }
  if (!missing.empty()) {
    const CodeObject& made = thunks_.emplace_back(thunks(missing));
    for (std::uint32_t type : missing) thunks_by_type_.emplace(type, &made);
  }
  std::vector<const CodeObject*> found;
  for (const CodeObject& each : thunks_) {
    if (std::ranges::any_of(
            needed, [&](std::uint32_t type) { return thunks_by_type_.at(type) == &each; })) {
      found.push_back(&each);
    }
  }
  return found;
}

const CodeObject* Compiler::made_fixed_table() const {
  const std::lock_guard lock(mu_);
  if (!fixed_table_) fixed_table_ = fixed_table_data();
  return &*fixed_table_;
}

std::vector<std::uint8_t> Compiler::link(std::span<const CodeObject* const> objects,
                                         QuickCalls quick) const {
  Linker linker(module_.imported_functions, static_cast<std::uint32_t>(module_.code.size()),
                static_cast<std::uint32_t>(module_.types.size()));
  for (const CodeObject* object : thunks_for(objects)) linker.add(object->bytes);
  if (std::ranges::any_of(objects, &CodeObject::uses_fixed_table)) {
    linker.add(made_fixed_table()->bytes);
  }
  for (const CodeObject* object : objects) {
    const bool by_entry = object->is_quick && quick == QuickCalls::ByEntry;
    linker.add(object->bytes, by_entry ? Linker::Calls::ByEntry : Linker::Calls::Direct);
  }
  linker.add_stubs();
  ArtifactContent content = linker.finish();
  content.shape = shape_;
  return write_artifact(key_, content);
}

std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options) {
  const Compiler compiler(module, options);
  std::vector<Compiler::Request> parts =
      compiler.split(options.optimise ? Compiler::Level::Full : Compiler::Level::Quick);
  std::vector<CodeObject> objects(parts.size());
  for_each(parts.size(), options.threads,
           [&](std::size_t i) { objects[i] = compiler.object(parts[i]); });
  // Side by side what is side by side in the module.
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return parts[i].functions.front(); });
  std::vector<const CodeObject*> all;
  for (std::size_t i : order) all.push_back(&objects[i]);
  return compiler.link(all);
}

}  // namespace wherry::wasm
