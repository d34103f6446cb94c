#include "generate_module.h"

#include <fmt/core.h>

#include "generate_body.h"
#include "wasm/format/module_writer.h"

namespace wherry::fuzz {

using namespace wasm;
using namespace wasm::writer;

namespace {

constexpr std::int32_t kFuel = 300;
constexpr unsigned kTypes = 6;
constexpr unsigned kFunctions = 5;
constexpr unsigned kGlobals = 6;
constexpr std::uint32_t kSegments = 4;

constexpr ValType kValueTypes[] = {ValType::I32,  ValType::I64,     ValType::F32,      ValType::F64,
                                   ValType::V128, ValType::FuncRef, ValType::ExternRef};

ValType value_type(Choices& choices) { return kValueTypes[choices.below(std::size(kValueTypes))]; }

std::vector<ValType> value_types(Choices& choices, std::uint32_t most) {
  std::vector<ValType> list(choices.below(most + 1));
  for (ValType& type : list) type = value_type(choices);
  return list;
}

Surroundings surroundings(Choices& choices) {
  Surroundings around;
  around.types.push_back({});  // refuel's
  for (std::uint32_t left = 1 + choices.below(kTypes); left > 0; --left) {
    FuncType type{.params = value_types(choices, 4), .results = value_types(choices, 3)};
    around.types.push_back(std::move(type));
  }
  around.functions.push_back(0);
  for (std::uint32_t left = 1 + choices.below(kFunctions); left > 0; --left) {
    around.functions.push_back(choices.below(static_cast<std::uint32_t>(around.types.size())));
  }
  around.globals.push_back({.type = ValType::I32, .is_mutable = true});
  for (std::uint32_t left = 1 + choices.below(kGlobals); left > 0; --left) {
    ValType type = value_type(choices);
    around.globals.push_back({.type = type, .is_mutable = choices.below(4) != 3});
  }
  around.data_segments = kSegments;
  around.element_segments = kSegments;
  return around;
}

std::string zero_of(ValType type) {
  switch (type) {
    case ValType::I32:
      return i32_const(0);
    case ValType::I64:
      return i64_const(0);
    case ValType::F32:
      return op(Opcode::F32Const) + std::string(4, '\0');
    case ValType::F64:
      return op(Opcode::F64Const) + std::string(8, '\0');
    case ValType::V128:
      return op(Opcode::V128Const) + std::string(16, '\0');
    case ValType::FuncRef:
    case ValType::ExternRef:
      return op(Opcode::RefNull) + writer::type(type);
  }
  return {};
}

std::string type_section(const Surroundings& around) {
  std::vector<std::string> items;
  for (const FuncType& type : around.types) items.push_back(function_type(type));
  return section(1, vector(items));
}

std::string function_section(const Surroundings& around) {
  std::vector<std::string> items;
  for (std::uint32_t type : around.functions) items.push_back(u32(type));
  return section(3, vector(items));
}

std::string table_and_memory_sections() {
  return section(4, vector({writer::type(ValType::FuncRef) + byte(1) + u32(10) + u32(20),
                            writer::type(ValType::ExternRef) + byte(1) + u32(8) + u32(16)})) +
         section(5, vector({byte(1) + u32(1) + u32(3)}));
}

std::string global_section(const Surroundings& around, Purpose purpose) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < around.globals.size(); ++i) {
    const GlobalType& type = around.globals[i];
    std::string init = i == 0 ? i32_const(kFuel) : zero_of(type.type);
    items.push_back(writer::type(type.type) + byte(type.is_mutable) + init + op(Opcode::End));
  }
  if (purpose == Purpose::Compare) {
    items.push_back(writer::type(ValType::I64) + byte(1) + i64_const(0) + op(Opcode::End));
  }
  return section(6, vector(items));
}

std::string export_section(const Surroundings& around, Purpose purpose) {
  std::vector<std::string> items = {sized("refuel") + byte(0) + u32(0),
                                    sized("memory") + byte(2) + u32(0)};
  for (std::uint32_t i = 1; i < around.functions.size(); ++i) {
    items.push_back(sized(fmt::format("f{}", i - 1)) + byte(0) + u32(i));
  }
  const std::size_t globals = around.globals.size() + (purpose == Purpose::Compare ? 1 : 0);
  for (std::uint32_t i = 0; i < globals; ++i) {
    items.push_back(sized(fmt::format("g{}", i)) + byte(3) + u32(i));
  }
  return section(7, vector(items));
}

// Even segments hold functions, odd ones null externrefs; the first two are active.
std::string element_section(const Surroundings& around) {
  std::vector<std::string> functions;
  for (std::uint32_t i = 1; i < around.functions.size(); ++i) functions.push_back(u32(i));
  std::string null = op(Opcode::RefNull) + writer::type(ValType::ExternRef) + op(Opcode::End);
  std::string nulls = writer::type(ValType::ExternRef) + vector({null, null});
  std::string offset = i32_const(2) + op(Opcode::End);
  return section(9, vector({u32(0) + offset + vector(functions), u32(6) + u32(1) + offset + nulls,
                            u32(1) + byte(0) + vector(functions), u32(5) + nulls}));
}

std::string code_section(const Surroundings& around, Choices& choices, Purpose purpose) {
  std::vector<std::string> bodies = {body({}, i32_const(kFuel) + op(Opcode::GlobalSet, 0))};
  for (std::uint32_t i = 1; i < around.functions.size(); ++i) {
    BodyGenerator generator(choices, around, purpose);
    bodies.push_back(sized(generator.generate(around.types[around.functions[i]])));
  }
  return section(10, vector(bodies));
}

std::string data_section() {
  std::string offset = i32_const(16) + op(Opcode::End);
  return section(11, vector({u32(0) + offset + sized("active"), u32(1) + sized("passive"),
                             u32(1) + sized(""), u32(1) + sized(std::string(64, '\x80'))}));
}

}  // namespace

std::string generate_module(ByteSpan bytes, Purpose purpose) {
  Choices choices(bytes);
  Surroundings around = surroundings(choices);
  return header() + type_section(around) + function_section(around) + table_and_memory_sections() +
         global_section(around, purpose) + export_section(around, purpose) +
         element_section(around) + section(12, u32(kSegments)) +
         code_section(around, choices, purpose) + data_section();
}

}  // namespace wherry::fuzz
