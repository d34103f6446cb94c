// Compiles modules in this process, for tests that run guests compiled. Programs never do: the compiler is a
// process of its own.
#pragma once

#include <memory>
#include <vector>

#include "wasm/artifact/artifact.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

// An artifact's bytes, mapped as a file is.
std::shared_ptr<const Artifact> map_in_memory(const std::vector<std::uint8_t>& artifact,
                                              const Module& module);
// WHERRY_COMPILE_QUICK in the environment: without optimisation.
std::shared_ptr<const Artifact> compile_in_memory(const Module& module);

}  // namespace wherry::wasm
