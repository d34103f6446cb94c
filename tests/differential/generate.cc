#include "differential/generate.h"

#include "differential/body.h"
#include "wasm/format/module_writer.h"

namespace wherry::differential {

using namespace wasm;
using namespace wasm::writer;

namespace {

constexpr std::uint32_t kFunctions = 5;  // behind refuel

ValType random_type(Random& random) {
  constexpr ValType kTypes[] = {ValType::I32, ValType::I32, ValType::I32, ValType::I64,
                                ValType::I64, ValType::F32, ValType::F64, ValType::V128};
  return kTypes[random.below(std::size(kTypes))];
}

std::vector<ValType> random_types(Random& random, std::uint32_t count) {
  std::vector<ValType> types;
  for (; count > 0; --count) types.push_back(random_type(random));
  return types;
}

// Parameters and results a letter each; empty where a caller outside cannot pass them.
std::string letters(const std::vector<ValType>& types) {
  std::string text;
  for (ValType type : types) {
    if (type == ValType::V128) return "v";
    text += type == ValType::I32   ? 'i'
            : type == ValType::I64 ? 'l'
            : type == ValType::F32 ? 'f'
                                   : 'd';
  }
  return text;
}

std::string exported(std::string_view name, unsigned kind, std::uint32_t index) {
  return sized(name) + byte(kind) + u32(index);
}

}  // namespace

std::string generate(std::uint64_t seed, unsigned size) {
  Random random(seed);
  Surroundings around;
  around.types = {{{ValType::I32}, {}}, {}, {{}, {ValType::I32}}, {{ValType::I32}, {ValType::I32}}};
  // Parameters that come back in another order, and many of them.
  const std::vector<ValType> pair = {random_type(random), random_type(random)};
  around.types.push_back({pair, {pair[1], pair[0]}});
  around.types.push_back({random_types(random, 8), random_types(random, 1 + random.below(2))});
  for (int i = 0; i < 3; ++i) {
    around.types.push_back(
        {random_types(random, random.below(4)), random_types(random, random.below(4))});
  }
  around.globals = {ValType::I32, ValType::I32, ValType::I64,  ValType::F32,
                    ValType::F64, ValType::I32, ValType::V128, ValType::I64};
  around.functions = {0};
  for (std::uint32_t i = 0; i < kFunctions; ++i) {
    around.functions.push_back(1 + random.below(around.types.size() - 1));
  }
  for (int i = 0; i < 7; ++i) around.table.push_back(1 + random.below(kFunctions));

  std::vector<std::string> types, functions, globals, exports, bodies, elements, data;
  for (const FuncType& type : around.types) types.push_back(function_type(type));
  for (std::uint32_t type : around.functions) functions.push_back(u32(type));
  for (ValType type : around.globals) {
    std::string zero = type == ValType::I32   ? i32_const(0)
                       : type == ValType::I64 ? i64_const(0)
                       : type == ValType::F32 ? op(Opcode::F32Const) + std::string(4, '\0')
                       : type == ValType::F64 ? op(Opcode::F64Const) + std::string(8, '\0')
                                              : op(Opcode::V128Const) + std::string(16, '\0');
    globals.push_back(writer::type(type) + byte(1) + zero + op(Opcode::End));
  }
  exports = {exported("refuel", 0, 0), exported("memory", 2, 0), exported("g1", 3, 1),
             exported("g2", 3, 2)};
  bodies.push_back(body({}, op(Opcode::LocalGet, 0) + op(Opcode::GlobalSet, 0)));
  for (std::uint32_t i = 1; i <= kFunctions; ++i) {
    const FuncType& type = around.types[around.functions[i]];
    const std::string params = letters(type.params), results = letters(type.results);
    if (params != "v" && results != "v") {
      exports.push_back(exported("f" + std::to_string(i) + ":" + params + ":" + results, 0, i));
    }
    bodies.push_back(sized(Body(random, around, i, 1 + random.below(size)).generate()));
  }
  for (std::uint32_t function : around.table) elements.push_back(u32(function));
  for (int i = 0; i < 4; ++i) {
    std::string bytes;
    for (int word = 0; word < 64; ++word) {
      const std::uint64_t bits = random.bits() >> random.below(64);
      bytes.append(reinterpret_cast<const char*>(&bits), 8);
    }
    data.push_back(byte(0) + i32_const(static_cast<std::int32_t>(i * 0x1000)) + op(Opcode::End) +
                   sized(bytes));
  }
  return header() + section(1, vector(types)) + section(3, vector(functions)) +
         section(4, u32(1) + byte(0x70) + byte(0) + u32(8)) +
         section(5, u32(1) + byte(1) + u32(1) + u32(3)) + section(6, vector(globals)) +
         section(7, vector(exports)) +
         section(9, u32(1) + byte(0) + i32_const(0) + op(Opcode::End) + vector(elements)) +
         section(10, vector(bodies)) + section(11, vector(data));
}

}  // namespace wherry::differential
