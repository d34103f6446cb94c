// Handlers of vector.def.
#include "wasm/engine/interp/vector.h"

#include "wasm/engine/interp/lanes.h"

namespace wherry::wasm::interp {
namespace {

#define WHERRY_VECTOR_BINARY(name, lanes, result)                       \
  struct name {                                                         \
    using Left = Vec;                                                   \
    using Right = Vec;                                                  \
    using Result = Vec;                                                 \
    static Vec apply(Vec left, Vec right) {                             \
      [[maybe_unused]] const auto a = __builtin_bit_cast(lanes, left);  \
      [[maybe_unused]] const auto b = __builtin_bit_cast(lanes, right); \
      return __builtin_bit_cast(Vec, result);                           \
    }                                                                   \
  };
#define WHERRY_VECTOR_UNARY(name, lanes, result)      \
  struct name {                                       \
    using From = Vec;                                 \
    using Result = Vec;                               \
    static Vec apply(Vec from) {                      \
      const auto a = __builtin_bit_cast(lanes, from); \
      return __builtin_bit_cast(Vec, result);         \
    }                                                 \
  };
#define WHERRY_VECTOR_REDUCE(name, lanes, result)     \
  struct name {                                       \
    using From = Vec;                                 \
    using Result = u32;                               \
    static u32 apply(Vec from) {                      \
      const auto a = __builtin_bit_cast(lanes, from); \
      return result;                                  \
    }                                                 \
  };
#define WHERRY_VECTOR_SHIFT(name, lanes, result)      \
  struct name {                                       \
    using Left = Vec;                                 \
    using Right = u32;                                \
    using Result = Vec;                               \
    static Vec apply(Vec left, u32 b) {               \
      const auto a = __builtin_bit_cast(lanes, left); \
      return __builtin_bit_cast(Vec, result);         \
    }                                                 \
  };
#define WHERRY_VECTOR_SPLAT(name, scalar, result)                          \
  struct name {                                                            \
    using From = scalar;                                                   \
    using Result = Vec;                                                    \
    static Vec apply(scalar a) { return __builtin_bit_cast(Vec, result); } \
  };
#include "wasm/engine/interp/vector.def"

}  // namespace

const BinaryHandlers kVectorBinary[] = {
#define WHERRY_VECTOR_BINARY(name, ...) slot_binary_handlers<name>(),
#define WHERRY_VECTOR_UNARY(name, ...) BinaryHandlers{},
#define WHERRY_VECTOR_REDUCE(name, ...) BinaryHandlers{},
#define WHERRY_VECTOR_SHIFT(name, ...) binary_handlers<name>(),
#define WHERRY_VECTOR_SPLAT(name, ...) BinaryHandlers{},
#include "wasm/engine/interp/vector.def"
};

const UnaryHandlers kVectorUnary[] = {
#define WHERRY_VECTOR_BINARY(name, ...) UnaryHandlers{},
#define WHERRY_VECTOR_UNARY(name, ...) unary_handlers<name>(),
#define WHERRY_VECTOR_REDUCE(name, ...) unary_handlers<name>(),
#define WHERRY_VECTOR_SHIFT(name, ...) UnaryHandlers{},
#define WHERRY_VECTOR_SPLAT(name, ...) unary_handlers<name>(),
#include "wasm/engine/interp/vector.def"
};

}  // namespace wherry::wasm::interp
