// Runs the commands of one script against the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spec/script.h"
#include "wasm/artifact/artifact.h"
#include "wasm/engine/engine.h"
#include "wasm/format/module.h"

namespace wherry::spec {

struct Outcome {
  enum class Verdict : std::uint8_t { Passed, Failed, NotApplicable };
  Verdict verdict = Verdict::Passed;
  std::uint32_t line = 0;
  std::string command;  // "assert_return"
  std::string detail;   // of a failure: what was expected and what came; else why it does not apply
};

// A valid module's native code; null where modules are interpreted. Each runner has its own.
std::shared_ptr<const wasm::Artifact> code_of(const wasm::Module& module);

// Of the Store that a script runs in.
wasm::EngineOptions engine_options();

// One outcome a command, in order. Commands that give modules or act count like assertions.
std::vector<Outcome> run_script(const std::vector<Node>& commands);

}  // namespace wherry::spec
