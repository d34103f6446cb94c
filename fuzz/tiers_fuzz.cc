// Generated modules interpreted and compiled: the same results, traps, memory and globals after every call, with the
// code there from the start, or coming between the calls, or at random moments and then in loops too. The first byte
// says which, and how the module is compiled.
// WHERRY_FUZZ_MODULE names a file for the module that differs.
#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <utility>

#include "../tests/compiled/forced_tier_up.h"
#include "../tests/compiled/in_memory.h"
#include "generate_module.h"
#include "wasm/engine/engine.h"
#include "wasm/engine/memory.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace {

using namespace wherry;
using namespace wherry::wasm;

using Halves = std::array<std::uint64_t, 2>;

// References only by being null.
std::string text(const Value& value) {
  if (is_reference(value.type)) return value.is_null() ? "null" : "a reference";
  switch (value.type) {
    case ValType::I32:
    case ValType::F32:
      return fmt::format("{:x}", value.as<std::uint32_t>());
    case ValType::V128:
      return fmt::format("{:x}:{:x}", value.as<Halves>()[1], value.as<Halves>()[0]);
    default:
      return fmt::format("{:x}", value.as<std::uint64_t>());
  }
}

std::string text(const CallResult& result) {
  if (const Trap* trap = std::get_if<Trap>(&result)) return std::string(to_string(trap->kind));
  std::string line;
  for (const Value& value : std::get<Values>(result)) line += text(value) + " ";
  return line;
}

std::string state(const Instance& instance) {
  std::string line;
  for (const Export& entry : module_of(instance).exports) {
    const Extern found = *find_export(instance, entry.name);
    if (Global* const* global = std::get_if<Global*>(&found)) line += " " + text(get(**global));
    if (Memory* const* memory = std::get_if<Memory*>(&found)) {
      const std::string_view bytes(reinterpret_cast<const char*>((*memory)->base()),
                                   (*memory)->size());
      line += fmt::format(" memory {} {:x}", bytes.size(), std::hash<std::string_view>()(bytes));
    }
  }
  return line;
}

struct Coming {
  std::shared_ptr<const Artifact> artifact;  // none: interpreted
  bool late = false;                         // comes between the calls
  std::optional<std::uint32_t> seed;         // comes at random moments instead, in loops too
};

// An instance of the module, and a line for every call of its exports.
class Run {
 public:
  Run(const Module& module, Coming code) : module_(module), code_(std::move(code)) {
    instantiate();
  }

  std::vector<std::string> lines() {
    // Ones and an address; pi, in both sizes; negative numbers; one that fits into everything.
    for (const Halves& argument : {Halves{0x3f80'0000, 1}, Halves{0x4009'21fb'4049'0fdb, 0},
                                   Halves{0xc000'0000'8000'0007, ~0ull}, Halves{3, 3}}) {
      for (const Export& entry : module_.exports) {
        if (entry.kind == ExternKind::Function) call(entry.name, argument);
      }
      if (std::exchange(code_.late, false)) store_->publish(*instance_, code_.artifact);
    }
    return std::move(lines_);
  }

 private:
  void instantiate() {
    // Code that is not optimised has big frames, and how deep a stack is the specification leaves open.
    EngineOptions options = code_.seed ? forced_tier_up(*code_.seed) : EngineOptions{};
    options.stack_bytes = 64u << 20;
    store_.emplace(options);
    instance_ = store_
                    ->instantiate(
                        module_, [](const Import&) -> std::optional<Extern> { return {}; },
                        code_.late ? nullptr : code_.artifact)
                    .instance;
  }

  Function* function(std::string_view name) {
    return std::get<Function*>(*find_export(*instance_, name));
  }

  void call(std::string_view name, const Halves& argument) {
    store_->call(function("refuel"), {});
    Values arguments;
    for (ValType param : type_of(*function(name)).params) {
      arguments.push_back(is_reference(param) ? Value::null(param) : Value::of(param, argument));
    }
    const CallResult result = store_->call(function(name), arguments);
    lines_.push_back(fmt::format("{}: {}", name, text(result)));
    const Trap* trap = std::get_if<Trap>(&result);
    if (trap && trap->kind == TrapKind::OutOfBoundsMemory) {
      // How many of a loop's last stores were done differs, with vector code (docs/RATIONALE.md).
      instantiate();
    } else {
      lines_.back() += state(*instance_);
    }
  }

  const Module& module_;
  Coming code_;
  std::optional<Store> store_;
  Instance* instance_ = nullptr;
  std::vector<std::string> lines_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto how = static_cast<HowCompiled>(data[0] % 3);
  const int when = data[0] / 3 % 3;
  const std::string bytes = fuzz::generate_module({data + 1, size - 1}, fuzz::Purpose::Compare);
  Module module = decode(as_bytes(bytes));
  validate(module);
  const std::vector<std::string> interpreted = Run(module, {}).lines();
  const Coming code = when == 2
                          ? Coming{.seed = data[0]}
                          : Coming{.artifact = compile_in_memory(module, how), .late = when == 1};
  const std::vector<std::string> compiled = Run(module, code).lines();
  if (interpreted == compiled) return 0;
  for (std::size_t i = 0; i < interpreted.size(); ++i) {
    if (interpreted[i] == compiled[i]) continue;
    fmt::print(stderr, "interpreted: {}\ncompiled:    {}\n", interpreted[i], compiled[i]);
  }
  if (const char* file = std::getenv("WHERRY_FUZZ_MODULE")) {
    std::ofstream(file, std::ios::binary) << bytes;
  }
  std::abort();
}
