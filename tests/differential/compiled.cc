#include "compiled/in_memory.h"
#include "differential/code.h"

namespace wherry::wasm {

std::shared_ptr<const Artifact> code_of(const Module& module) { return compile_in_memory(module); }
EngineOptions engine_options() { return {}; }

}  // namespace wherry::wasm
