// Compiles modules in this process, for tests that run guests compiled. Programs never do: the compiler is a
// process of its own.
#pragma once

#include <memory>

#include "wasm/artifact/artifact.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

// WHERRY_COMPILE_QUICK in the environment: without optimisation.
std::shared_ptr<const Artifact> compile_in_memory(const Module& module);

}  // namespace wherry::wasm
