#include "compiled/in_memory.h"
#include "spec/run_script.h"

namespace wherry::spec {

std::shared_ptr<const wasm::Artifact> code_of(const wasm::Module& module) {
  return wasm::compile_in_memory(module);
}
wasm::EngineOptions engine_options() { return {}; }

}  // namespace wherry::spec
