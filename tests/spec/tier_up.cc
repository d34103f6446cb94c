#include "compiled/forced_tier_up.h"
#include "spec/run_script.h"

namespace wherry::spec {

std::shared_ptr<const wasm::Artifact> code_of(const wasm::Module&) { return nullptr; }
wasm::EngineOptions engine_options() { return wasm::forced_tier_up(); }

}  // namespace wherry::spec
