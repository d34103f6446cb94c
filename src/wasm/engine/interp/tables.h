// Which handler implements which instruction in which variant: the translator's view of the handlers.
#pragma once

#include "wasm/engine/interp/operand.h"

namespace wherry::wasm::interp {

enum class IntBinary : std::uint16_t {
#define WHERRY_INT_BINARY(name, ...) name,
#define WHERRY_INT_DIVIDE(name, ...) name,
#define WHERRY_INT_COMPARE(name, ...) name,
#define WHERRY_INT_TEST(name, ...) name,
#include "wasm/engine/interp/numeric.def"
  Count
};
enum class FloatBinary : std::uint16_t {
#define WHERRY_FLOAT_BINARY(name, ...) name,
#define WHERRY_FLOAT_COMPARE(name, ...) name,
#include "wasm/engine/interp/numeric.def"
  Count
};
enum class Unary : std::uint16_t {
#define WHERRY_UNARY(name, ...) name,
#define WHERRY_TRUNCATE(name, ...) name,
#include "wasm/engine/interp/numeric.def"
  Count
};

extern const BinaryHandlers kIntBinary[];
extern const BranchHandlers kIntBranch[];  // only rows of comparisons are filled
extern const BinaryHandlers kFloatBinary[];
extern const BranchHandlers kFloatBranch[];  // likewise, and no immediate forms
extern const UnaryHandlers kUnary[];

// Loads: address from a slot or the accumulator. Operands: d, a, address offset.
enum class LoadOp : std::uint16_t {
#define WHERRY_LOAD(name, ...) name,
#define WHERRY_VECTOR_LOAD(name, ...) name,
#include "wasm/engine/interp/memory.def"
  Count
};
// Stores: address a, value b or the accumulator. The value of an integer store may be a small
// immediate in field d.
enum class StoreOp : std::uint16_t {
#define WHERRY_STORE(name, ...) name,
#include "wasm/engine/interp/memory.def"
  Count
};
extern const UnaryHandlers kLoad[];
inline constexpr std::size_t kAccAcc = kForms;  // address and float value, each in its accumulator
struct StoreHandlers {
  Handler at[kForms + 1];  // left is the address, right the value (field d)
};
extern const StoreHandlers kStore[];
// Address is the immediate: [Dest]; of a store: [Source of the value, field d].
extern const Handler kLoadAt[][2];
extern const Handler kStoreAt[][3];
// Address is the sum of slots a and b (i32, wrapping), plus the 16 bits of c.
extern const Handler kLoadSum[][2];
extern const Handler kStoreSum[][3];
// Address is the sum of slot a and the immediate (i32, wrapping).
extern const Handler kLoadBeside[][2];
extern const Handler kStoreBeside[][3];

}  // namespace wherry::wasm::interp
