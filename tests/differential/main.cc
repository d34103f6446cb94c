// differential_modules generate DIR SEED COUNT SIZE    writes modules DIR/SEED.wasm and on, of loops over
//                                                      arrays where SIZE is 0
// differential_modules run FILE...                     calls their exports, a line each
//
// The lines are what reference.mjs prints of another engine: file, export, number of the call, its
// results or the trap, then sums of the memory and the globals.
#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "differential/code.h"
#include "differential/generate.h"
#include "wasm/engine/engine.h"
#include "wasm/engine/memory.h"
#include "wasm/format/decode.h"
#include "wasm/format/validate.h"

namespace wherry::differential {
namespace {

using namespace wasm;

constexpr std::uint32_t kFuel = 1000;
constexpr unsigned kCalls = 3;

Value argument(ValType type, unsigned call) {
  constexpr std::uint32_t kI32[] = {0, 17, 0x80000001};
  constexpr std::uint64_t kI64[] = {1, 0xffffffffffffff00, 0x123456789abcdef0};
  constexpr float kF32[] = {1.5f, -0.0f, 3e9f};
  constexpr double kF64[] = {-2.25, 1e300, 7.0};
  switch (type) {
    case ValType::I32:
      return Value::i32(kI32[call]);
    case ValType::I64:
      return Value::i64(kI64[call]);
    case ValType::F32:
      return Value::f32(kF32[call]);
    default:
      return Value::f64(kF64[call]);
  }
}

std::string text(const Value& value) {
  switch (value.type) {
    case ValType::I32:
      return fmt::format("{:x}", value.as<std::uint32_t>());
    case ValType::F32:
      return std::isnan(value.as<float>()) ? "nan" : fmt::format("{:x}", value.as<std::uint32_t>());
    case ValType::F64:
      return std::isnan(value.as<double>()) ? "nan"
                                            : fmt::format("{:x}", value.as<std::uint64_t>());
    default:
      return fmt::format("{:x}", value.as<std::uint64_t>());
  }
}

std::string text(const CallResult& result) {
  if (const Trap* trap = std::get_if<Trap>(&result)) {
    // Kinds that the other engine does not tell apart.
    switch (trap->kind) {
      case TrapKind::IndirectCallTypeMismatch:
      case TrapKind::UninitializedElement:
        return "trap: no such function";
      case TrapKind::IntegerOverflow:
      case TrapKind::InvalidConversion:
        return "trap: unrepresentable";
      default:
        return fmt::format("trap: {}", to_string(trap->kind));
    }
  }
  std::string line;
  for (const Value& value : std::get<Values>(result)) line += text(value) + " ";
  return line;
}

// FNV-1a over 32-bit words.
std::uint32_t sum_of(const Memory& memory) {
  std::uint32_t sum = 0x811c9dc5;
  for (std::uint64_t at = 0; at < memory.size(); at += 4) {
    sum = (sum ^ load_little<std::uint32_t>(memory.base() + at)) * 0x01000193;
  }
  return sum;
}

void run(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const Module module = decode(as_bytes(bytes));
  validate(module);
  const std::shared_ptr<const Artifact> code = code_of(module);
  Store store(engine_options());
  auto instantiate = [&] {
    return store
        .instantiate(
            module, [](const Import&) -> std::optional<Extern> { return {}; }, code)
        .instance;
  };
  Instance* instance = instantiate();
  for (const Export& entry : module.exports) {
    if (entry.kind != ExternKind::Function || entry.name == "refuel") continue;
    for (unsigned call = 0; call < kCalls; ++call) {
      auto* function = std::get<Function*>(*find_export(*instance, entry.name));
      store.call(std::get<Function*>(*find_export(*instance, "refuel")),
                 std::vector{Value::i32(kFuel)});
      Values arguments;
      for (ValType type : type_of(*function).params) arguments.push_back(argument(type, call));
      const std::string result = text(store.call(function, arguments));
      fmt::print("{} {} {} {}", path.filename().string(), entry.name, call, result);
      if (entry.name[0] == 'x' && result.starts_with("trap")) {
        // What it leaves behind is open.
        fmt::print("\n");
        instance = instantiate();
        continue;
      }
      fmt::print(" memory {:x} globals {} {}\n",
                 sum_of(*std::get<Memory*>(*find_export(*instance, "memory"))),
                 text(get(*std::get<Global*>(*find_export(*instance, "g1")))),
                 text(get(*std::get<Global*>(*find_export(*instance, "g2")))));
    }
  }
}

void write_modules(const std::filesystem::path& folder, std::uint64_t seed, unsigned count,
                   unsigned size) {
  for (std::uint64_t i = seed; i < seed + count; ++i) {
    std::ofstream(folder / fmt::format("{:06}.wasm", i), std::ios::binary)
        << (size == 0 ? generate_arrays(i) : generate(i, size));
  }
}

int command(const std::vector<std::string>& words) {
  if (words.size() == 5 && words[0] == "generate") {
    write_modules(words[1], std::stoull(words[2]), static_cast<unsigned>(std::stoul(words[3])),
                  static_cast<unsigned>(std::stoul(words[4])));
    return 0;
  }
  if (words.size() >= 2 && words[0] == "run") {
    for (std::size_t i = 1; i < words.size(); ++i) {
      in_context([&] { return words[i]; }, [&] { run(words[i]); });
    }
    return 0;
  }
  fmt::print(stderr, "generate DIR SEED COUNT SIZE, or run FILE...\n");
  return 2;
}

}  // namespace
}  // namespace wherry::differential

int main(int argc, char** argv) {
  try {
    return wherry::differential::command({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
