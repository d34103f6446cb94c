// A WebAssembly value with its type, as it crosses the embedding interface (core spec 4.2.1).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "wasm/format/types.h"

namespace wherry::wasm {

struct Function;  // engine/instance.h

using V128 = std::array<std::uint8_t, 16>;

// References: a funcref's bits are the address of its Function, an externref's the host's own
// number plus one; zero is null.
struct Value {
  ValType type = ValType::I32;
  alignas(16) V128 bits{};

  template <typename T>
  T as() const {
    T value;
    std::memcpy(&value, bits.data(), sizeof value);
    return value;
  }
  template <typename T>
  static Value of(ValType type, T raw) {
    static_assert(sizeof(T) <= sizeof(V128));
    Value value{.type = type};
    std::memcpy(value.bits.data(), &raw, sizeof raw);
    return value;
  }
  static Value i32(std::uint32_t v) { return of(ValType::I32, v); }
  static Value i64(std::uint64_t v) { return of(ValType::I64, v); }
  static Value f32(float v) { return of(ValType::F32, v); }
  static Value f64(double v) { return of(ValType::F64, v); }
  static Value v128(const V128& v) { return of(ValType::V128, v); }
  static Value null(ValType type) { return Value{.type = type}; }
  bool is_null() const { return as<std::uint64_t>() == 0; }
};

using Values = std::vector<Value>;

}  // namespace wherry::wasm
