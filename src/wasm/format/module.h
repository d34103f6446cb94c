// A decoded module: every section as values, function bodies as byte ranges (core spec 2.5, 5.5).
//
// Lifetime: a Module borrows the bytes it was decoded from; names, data segments and bodies point
// into them. The bytes must outlive the Module and must not change.
// Thread safety: immutable after decode().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "wasm/format/types.h"

namespace wherry::wasm {

enum class ExternKind : std::uint8_t { Function = 0, Table = 1, Memory = 2, Global = 3 };
std::string_view to_string(ExternKind kind);

struct Import {
  std::string_view module;
  std::string_view name;
  ExternKind kind;
  // What is imported: index into Module::types for a function.
  std::variant<std::uint32_t, TableType, MemoryType, GlobalType> type;
};

struct Export {
  std::string_view name;
  ExternKind kind;
  std::uint32_t index;
};

// A constant expression of 2.0 is a single instruction (core spec 3.3.7).
struct ConstExpr {
  enum class Kind : std::uint8_t { Value, RefNull, RefFunc, GlobalGet };
  Kind kind = Kind::Value;
  ValType type = ValType::I32;          // of the value; of a RefNull its reference type
  std::array<std::uint8_t, 16> bits{};  // Value: little-endian, as many as the type has
  std::uint32_t index = 0;              // RefFunc: function; GlobalGet: global
};

enum class SegmentMode : std::uint8_t { Active, Passive, Declarative };

struct ElementSegment {
  SegmentMode mode = SegmentMode::Active;
  ValType type = ValType::FuncRef;
  std::uint32_t table = 0;       // Active
  ConstExpr offset;              // Active
  std::vector<ConstExpr> items;  // RefFunc, RefNull or GlobalGet
};

struct DataSegment {
  SegmentMode mode = SegmentMode::Active;  // never Declarative
  std::uint32_t memory = 0;                // Active
  ConstExpr offset;                        // Active
  ByteSpan bytes;
};

// Locals as the binary format groups them; parameters not included.
struct LocalGroup {
  std::uint32_t count;
  ValType type;
};

struct Code {
  std::uint32_t offset = 0;  // of the first instruction, from the start of the module
  ByteSpan body;             // the instructions with the final `end`, without the locals
  std::vector<LocalGroup> locals;
};

struct CustomSection {
  std::string_view name;
  ByteSpan bytes;
};

struct Module {
  ByteSpan bytes;
  std::vector<FuncType> types;
  std::vector<Import> imports;

  // Index spaces, imports first. A function is its type's index.
  std::vector<std::uint32_t> functions;
  std::vector<TableType> tables;
  std::vector<MemoryType> memories;
  std::vector<GlobalType> globals;
  std::uint32_t imported_functions = 0;
  std::uint32_t imported_tables = 0;
  std::uint32_t imported_memories = 0;
  std::uint32_t imported_globals = 0;

  std::vector<ConstExpr>
      global_inits;  // of globals defined here: [i] is global imported_globals + i
  std::vector<Export> exports;
  std::optional<std::uint32_t> start;
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  std::optional<std::uint32_t> data_count;
  std::vector<Code> code;  // [i] is function imported_functions + i
  std::vector<CustomSection> custom;

  const FuncType& type_of(std::uint32_t function) const { return types[functions[function]]; }
};

}  // namespace wherry::wasm
