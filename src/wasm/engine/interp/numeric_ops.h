// The rows of numeric.def as types: what the handler templates are instantiated with.
#pragma once

#include "wasm/engine/interp/number.h"

namespace wherry::wasm::interp::ops {

#define WHERRY_BINARY_OP(name, type, kind, result)       \
  struct name {                                          \
    using Left = type;                                   \
    using Right = type;                                  \
    using Result = kind;                                 \
    static kind apply(type a, type b) { return result; } \
  };
#define WHERRY_INT_BINARY(name, type, result) WHERRY_BINARY_OP(name, type, type, result)
#define WHERRY_INT_COMPARE(name, type, result) WHERRY_BINARY_OP(name, type, u32, result)
#define WHERRY_INT_TEST(name, type, result) WHERRY_BINARY_OP(name, type, u32, result)
#define WHERRY_FLOAT_BINARY(name, type, result) WHERRY_BINARY_OP(name, type, type, result)
#define WHERRY_FLOAT_COMPARE(name, type, result) WHERRY_BINARY_OP(name, type, u32, result)
#define WHERRY_INT_DIVIDE(name, type, result, trap)                         \
  struct name {                                                             \
    using Left = type;                                                      \
    using Right = type;                                                     \
    using Result = type;                                                    \
    static type apply(type a, type b) { return result; }                    \
    static TrapKind check([[maybe_unused]] type a, type b) { return trap; } \
  };
#define WHERRY_UNARY(name, from, to, result)   \
  struct name {                                \
    using From = from;                         \
    using Result = to;                         \
    static to apply(from a) { return result; } \
  };
#define WHERRY_TRUNCATE(name, from, to, result, trap) \
  struct name {                                       \
    using From = from;                                \
    using Result = to;                                \
    static to apply(from a) { return result; }        \
    static TrapKind check(from a) { return trap; }    \
  };
#include "wasm/engine/interp/numeric.def"
#undef WHERRY_BINARY_OP

}  // namespace wherry::wasm::interp::ops
