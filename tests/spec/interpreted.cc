#include "spec/run_script.h"

namespace wherry::spec {

std::shared_ptr<const wasm::Artifact> code_of(const wasm::Module&) { return nullptr; }
wasm::EngineOptions engine_options() { return {}; }

}  // namespace wherry::spec
