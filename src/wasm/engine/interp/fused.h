// Handlers that do the work of two or three instructions (fused.def).
#pragma once

#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {

enum class Outer : std::uint8_t {
#define WHERRY_FUSED_OUTER(name) name,
#include "wasm/engine/interp/fused.def"
  Count
};
enum class Inner : std::uint8_t {
#define WHERRY_FUSED_INNER(name) name,
#include "wasm/engine/interp/fused.def"
  Count
};

// The same operation in both widths, for looking rows up; Count where it is not in the list.
Outer outer_of(IntBinary op);
Inner inner_of(IntBinary op);

// x outer (b inner c). x is slot a or the accumulator; c a slot or a 16-bit immediate.
struct FusedInt {
  Handler at[2][2][2];  // [Source of x][c is an immediate][Dest]
};
const FusedInt* fused_int(bool wide, Outer outer, Inner inner);

// x outer load(slot b + offset c); x is slot a or the accumulator. Null where the pair does not exist.
struct FusedLoad {
  Handler at[2][2];  // [Source of x][Dest]
};
const FusedLoad* fused_load(IntBinary outer, LoadOp load);
// Likewise; `reversed` is load outer x.
const FusedLoad* fused_load(FloatBinary outer, LoadOp load, bool reversed);
// x outer (b * c), or (b * c) outer x: slots, x also the accumulator.
const FusedLoad* fused_multiply(FloatBinary outer, bool reversed);

// Steps slot d by the immediate a, then branches where the result compares so with slot or immediate
// b; the distance is word 2. Null where op is no comparison.
Handler step_branch(IntBinary op, bool with_imm);

// d <- a, then b <- c.
extern const Handler kCopyTwo;

}  // namespace wherry::wasm::interp
