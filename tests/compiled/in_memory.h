// Compiles modules in this process, for tests that run guests compiled. Programs never do: the compiler is a
// process of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "wasm/artifact/artifact.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

// An artifact's bytes, mapped as a file is.
std::shared_ptr<const Artifact> map_in_memory(const std::vector<std::uint8_t>& artifact,
                                              const Module& module);

enum class HowCompiled : std::uint8_t {
  Whole,
  Quickly,   // all of it without optimisation
  InPieces,  // each function for itself, at either level, and every third left to the interpreter
};
std::shared_ptr<const Artifact> compile_in_memory(const Module& module, HowCompiled how);

// As WHERRY_TEST_COMPILED in the environment says: whole (without it), quickly or in-pieces.
std::shared_ptr<const Artifact> compile_in_memory(const Module& module);

}  // namespace wherry::wasm
