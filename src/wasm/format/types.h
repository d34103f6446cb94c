// The types of WebAssembly 2.0 as plain values (core spec 2.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace wherry::wasm {

// Numbered as in the binary format (core spec 5.3).
enum class ValType : std::uint8_t {
  I32 = 0x7f,
  I64 = 0x7e,
  F32 = 0x7d,
  F64 = 0x7c,
  V128 = 0x7b,
  FuncRef = 0x70,
  ExternRef = 0x6f,
};

constexpr bool is_reference(ValType type) {
  return type == ValType::FuncRef || type == ValType::ExternRef;
}

// As in the text format: "i32", "v128", "funcref".
std::string_view to_string(ValType type);

struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncType&) const = default;
};

// In pages for memories, in elements for tables.
struct Limits {
  std::uint32_t min = 0;
  std::optional<std::uint32_t> max;
  bool operator==(const Limits&) const = default;
};

struct TableType {
  ValType element = ValType::FuncRef;
  Limits limits;
  bool operator==(const TableType&) const = default;
};

struct MemoryType {
  Limits limits;
  bool operator==(const MemoryType&) const = default;
};

struct GlobalType {
  ValType type = ValType::I32;
  bool is_mutable = false;
  bool operator==(const GlobalType&) const = default;
};

inline constexpr std::uint64_t kPageSize = 65536;  // bytes
inline constexpr std::uint32_t kMaxPages = 65536;  // 4 GiB

}  // namespace wherry::wasm
