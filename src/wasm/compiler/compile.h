// A module to native code, ahead of time, by LLVM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wasm/artifact/artifact.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

struct CompileOptions {
  unsigned threads = 1;          // the result does not depend on it
  bool optimise = true;          // false: quickly made code, for functions that are seldom run
  std::string dump_ir = {};      // folder for LLVM's text of each part, after its passes
  std::string dump_object = {};  // folder for each part's object file
};

// What artifacts made here for this machine say they were made for.
std::string compile_environment(const CompileOptions& options = {});

// An artifact's bytes, the same for the same module, options and machine.
// Requires: the module was validated. Throws Error(Unimplemented or Internal) where it cannot be compiled.
std::vector<std::uint8_t> compile(const Module& module, const CompileOptions& options = {});

}  // namespace wherry::wasm
