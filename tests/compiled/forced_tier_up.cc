#include "compiled/forced_tier_up.h"

#include <cstdlib>
#include <random>

#include "compiled/in_memory.h"
#include "wasm/compiler/compile.h"
#include "wasm/engine/compiled.h"
#include "wasm/engine/osr.h"

namespace wherry::wasm {
namespace {

// At most so many functions at a time: the compiler's time is what the tests take.
constexpr std::size_t kMostFunctions = 12;

class Chooser {
 public:
  explicit Chooser(std::uint32_t seed) : random_(seed) {}

  void on_translation(Instance& instance, std::uint32_t function) {
    const Module& module = module_of(instance);
    const interp::FunctionLoops& known =
        loops_of(*instance.store, instance.own_functions[function]);
    Compiler::Request request;
    for (std::uint32_t i = 0; i < known.loops.size(); ++i) {
      if (known.loops[i].is_reachable && one_in(2)) {
        request.loops.push_back({.function = function, .ordinal = i});
      }
    }
    if (request.loops.empty() && !one_in(6)) return;
    for (std::uint32_t i = 0; i < module.code.size(); ++i) {
      if (request.functions.size() < kMostFunctions && one_in(4)) request.functions.push_back(i);
    }
    request.level = one_in(2) ? Compiler::Level::Full : Compiler::Level::Quick;
    const Compiler compiler(module, {});
    const CodeObject object = compiler.object(request);
    const CodeObject* const objects[] = {&object};
    publish(*instance.store, instance, map_in_memory(compiler.link(objects), module),
            static_cast<std::uint32_t>(random_() % 4));
  }

 private:
  bool one_in(std::uint32_t count) { return random_() % count == 0; }

  std::mt19937 random_;
};

}  // namespace

EngineOptions forced_tier_up() {
  const char* seed = std::getenv("WHERRY_TEST_SEED");
  static Chooser chooser(static_cast<std::uint32_t>(seed ? std::strtoul(seed, nullptr, 10) : 1));
  EngineOptions options;
  options.on_translation = [](Instance& instance, std::uint32_t function) {
    chooser.on_translation(instance, function);
  };
  return options;
}

EngineOptions forced_tier_up(std::uint32_t seed) {
  EngineOptions options;
  options.on_translation = [chooser = Chooser(seed)](Instance& instance,
                                                     std::uint32_t function) mutable {
    chooser.on_translation(instance, function);
  };
  return options;
}

}  // namespace wherry::wasm
