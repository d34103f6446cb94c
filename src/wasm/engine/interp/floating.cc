// Float arithmetic, comparisons and the branches on them, and the conversions.
#include "wasm/engine/interp/number.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

#define WHERRY_FLOAT_BINARY(name, type, result)          \
  struct name {                                          \
    using Left = type;                                   \
    using Right = type;                                  \
    using Result = type;                                 \
    static type apply(type a, type b) { return result; } \
  };
#define WHERRY_FLOAT_COMPARE(name, type, condition)        \
  struct name {                                            \
    using Left = type;                                     \
    using Right = type;                                    \
    using Result = u32;                                    \
    static u32 apply(type a, type b) { return condition; } \
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

// Comparisons with a constant load it first: branches have no room for one.
template <typename Op>
constexpr BranchHandlers float_branch_handlers() {
  return {{{&branch<Op, Form::SlotSlot, false>, &branch<Op, Form::AccSlot, false>,
            &branch<Op, Form::SlotAcc, false>, nullptr, nullptr},
           {&branch<Op, Form::SlotSlot, true>, &branch<Op, Form::AccSlot, true>,
            &branch<Op, Form::SlotAcc, true>, nullptr, nullptr}}};
}

}  // namespace

const BinaryHandlers kFloatBinary[] = {
#define WHERRY_FLOAT_BINARY(name, ...) binary_handlers<name>(),
#define WHERRY_FLOAT_COMPARE(name, ...) binary_handlers<name>(),
#include "wasm/engine/interp/numeric.def"
};

const BranchHandlers kFloatBranch[] = {
#define WHERRY_FLOAT_BINARY(name, ...) BranchHandlers{},
#define WHERRY_FLOAT_COMPARE(name, ...) float_branch_handlers<name>(),
#include "wasm/engine/interp/numeric.def"
};

const UnaryHandlers kUnary[] = {
#define WHERRY_UNARY(name, ...) unary_handlers<name>(),
#define WHERRY_TRUNCATE(name, ...) unary_handlers<name>(),
#include "wasm/engine/interp/numeric.def"
};

}  // namespace wherry::wasm::interp
