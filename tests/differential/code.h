// How the modules are run: each program of this folder has its own.
#pragma once

#include <memory>

#include "wasm/artifact/artifact.h"
#include "wasm/engine/engine.h"
#include "wasm/format/module.h"

namespace wherry::wasm {

// A valid module's native code; null where modules are interpreted.
std::shared_ptr<const Artifact> code_of(const Module& module);
// Of the Store that a module runs in.
EngineOptions engine_options();

}  // namespace wherry::wasm
