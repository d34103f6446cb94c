// A module to native code, ahead of time, by LLVM: whole, or in objects of some functions each that are then
// linked, in whatever choice, into artifacts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
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
  // What else it needs: the thunks of these of the module's types, and what is known of a fixed table.
  std::set<std::uint32_t> types = {};
  bool uses_fixed_table = false;
  bool is_quick = false;
};

// How the functions of quick objects are called, by others of the same artifact.
enum class QuickCalls : std::uint8_t {
  Direct,
  ByEntry,  // so that they end with the function's being replaced
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
    // To be entered at: code of its own for each, or shared with the function where that is named, too.
    std::vector<LoopId> loops = {};
    Level level = Level::Full;
  };
  // All functions, in requests that are worth a thread each: the most work first, and the same for any machine.
  std::vector<Request> split(Level level) const;
  // The same for the same module, request and features. Throws Error(Unimplemented or Internal) where it
  // cannot be compiled.
  CodeObject object(const Request& request) const;

  // An artifact's bytes: what the objects have. They call each other directly; what none has is called
  // through its FunctionEntry. Of a function that several have, the first object's counts, for all of them.
  std::vector<std::uint8_t> link(std::span<const CodeObject* const> objects,
                                 QuickCalls quick = QuickCalls::Direct) const;

 private:
  CodeObject thunks(const std::vector<std::uint32_t>& types) const;
  CodeObject fixed_table_data() const;
  std::vector<const CodeObject*> thunks_for(std::span<const CodeObject* const> objects) const;
  const CodeObject* made_fixed_table() const;

  const Module& module_;
  CompileOptions options_;
  ArtifactKey key_;
  Digest shape_;
  std::optional<std::vector<std::uint32_t>> fixed_;  // what the module's table always holds

  // Made when they are first needed. What is in there stays where it is.
  mutable std::mutex mu_;
  // Guarded by mu_.
  mutable std::deque<CodeObject> thunks_;
  mutable std::map<std::uint32_t, const CodeObject*> thunks_by_type_;
  mutable std::optional<CodeObject> fixed_table_;
};

// All of a module: an artifact's bytes, the same for the same module, options and machine.
// Requires: the module was validated. Throws as Compiler does.
std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options = {});

}  // namespace wherry::wasm
