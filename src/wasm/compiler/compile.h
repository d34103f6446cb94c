// A module to native code, ahead of time, by LLVM: whole, or in objects of some functions each that are then
// linked, in whatever choice, into artifacts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wasm/artifact/artifact.h"
#include "wasm/artifact/environment.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

struct CompileOptions {
  unsigned threads = 1;  // the result does not depend on it
  bool optimise = true;  // false: quickly made code, for functions that are seldom run
  CpuFeatures features = host_cpu_features();  // that the code may use
  std::string dump_ir = {};      // folder for LLVM's text of each part, after its passes
  std::string dump_object = {};  // folder for each part's object file
};

// What artifacts made with these options say they were made for.
std::string compile_environment(const CompileOptions& options = {});

// What LLVM knows the machine to have that it calls `cpu`, "x86-64-v3" or "znver4", as far as code may use it.
// Throws Error(InvalidArgument) for a name it does not know.
CpuFeatures features_of(const std::string& cpu);

// LLVM has no way to go on after some failures: the handler then ends the process. Of the whole process.
void handle_fatal_errors(void (*handler)(const char* reason));

// Some functions' code, not linked yet.
struct CodeObject {
  std::vector<std::uint8_t> bytes;
};

// Thread safety: any number of threads may call it at a time.
class Compiler {
 public:
  // Requires: the module was validated; it and its bytes outlive the Compiler.
  Compiler(const Module& module, const CompileOptions& options);

  enum class Level : std::uint8_t { Quick, Full };
  // Functions are counted without the imports, each named once.
  struct Request {
    std::vector<std::uint32_t> functions;
    std::vector<LoopId> loops = {};  // to be entered at: code of its own for each
    Level level = Level::Full;
  };
  // All functions, in requests that are worth a thread each: the most work first, and the same for any machine.
  std::vector<Request> split(Level level) const;
  // The same for the same module, request and features. Throws Error(Unimplemented or Internal) where it
  // cannot be compiled.
  CodeObject object(const Request& request) const;

  // An artifact's bytes: what the objects have. They call each other directly; what none has is called
  // through its FunctionEntry. Of a function that several have, the first object's counts, for all of them.
  std::vector<std::uint8_t> link(std::span<const CodeObject* const> objects) const;

 private:
  CodeObject thunks() const;
  CodeObject stubs(const std::vector<std::uint32_t>& functions) const;

  const Module& module_;
  CompileOptions options_;
  ArtifactKey key_;
  Digest shape_;
  std::optional<std::vector<std::uint32_t>> fixed_;  // what the module's table always holds
  CodeObject thunks_;
};

// All of a module: an artifact's bytes, the same for the same module, options and machine.
// Requires: the module was validated. Throws as Compiler does.
std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options = {});

}  // namespace wherry::wasm
