// Pieces of the binary format as strings, to put modules together from: for tests and fuzzers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/format/opcodes.h"
#include "wasm/format/types.h"

namespace wherry::wasm::writer {

inline std::string byte(unsigned value) { return std::string(1, static_cast<char>(value)); }

inline std::string u32(std::uint32_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  return text + static_cast<char>(value);
}

// A signed number, of 32, 33 or 64 bits alike.
inline std::string s64(std::int64_t value) {
  std::string text;
  while (value < -64 || value > 63) {
    text += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  return text + static_cast<char>(value & 0x7f);
}

inline std::string sized(std::string_view bytes) {
  return u32(static_cast<std::uint32_t>(bytes.size())) + std::string(bytes);
}

inline std::string vector(const std::vector<std::string>& items) {
  std::string text = u32(static_cast<std::uint32_t>(items.size()));
  for (const std::string& item : items) text += item;
  return text;
}

inline std::string section(unsigned id, std::string_view content) {
  return byte(id) + sized(content);
}

inline std::string header() { return std::string("\0asm\1\0\0\0", 8); }

inline std::string type(ValType type) { return byte(static_cast<unsigned>(type)); }

inline std::string types(const std::vector<ValType>& list) {
  std::string text = u32(static_cast<std::uint32_t>(list.size()));
  for (ValType item : list) text += type(item);
  return text;
}

inline std::string function_type(const FuncType& signature) {
  return byte(0x60) + types(signature.params) + types(signature.results);
}

// An opcode with its prefix.
inline std::string op(Opcode opcode) {
  auto code = static_cast<std::uint32_t>(opcode);
  return code < 0x100 ? byte(code) : byte(code >> 8) + u32(code & 0xff);
}
inline std::string op(Opcode opcode, std::uint32_t immediate) {
  return op(opcode) + u32(immediate);
}
inline std::string op(Opcode opcode, std::uint32_t first, std::uint32_t second) {
  return op(opcode) + u32(first) + u32(second);
}
inline std::string i32_const(std::int32_t value) { return op(Opcode::I32Const) + s64(value); }
inline std::string i64_const(std::int64_t value) { return op(Opcode::I64Const) + s64(value); }

// A body of the code section; instructions without the final `end`.
inline std::string body(const std::vector<std::string>& local_groups,
                        std::string_view instructions) {
  return sized(vector(local_groups) + std::string(instructions) + op(Opcode::End));
}

}  // namespace wherry::wasm::writer
