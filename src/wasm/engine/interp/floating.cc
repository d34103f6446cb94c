// Float arithmetic, comparisons and the branches on them, and the conversions.
#include "wasm/engine/interp/numeric_ops.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

// Comparisons with a constant load it first: branches have no room for one.
template <typename Op>
constexpr BranchHandlers float_branch_handlers() {
  return {{{&handler<steps::Branch<Op, Form::SlotSlot, false>>,
            &handler<steps::Branch<Op, Form::AccSlot, false>>,
            &handler<steps::Branch<Op, Form::SlotAcc, false>>, nullptr, nullptr},
           {&handler<steps::Branch<Op, Form::SlotSlot, true>>,
            &handler<steps::Branch<Op, Form::AccSlot, true>>,
            &handler<steps::Branch<Op, Form::SlotAcc, true>>, nullptr, nullptr}}};
}

}  // namespace

const BinaryHandlers kFloatBinary[] = {
#define WHERRY_FLOAT_BINARY(name, ...) binary_handlers<ops::name>(),
#define WHERRY_FLOAT_COMPARE(name, ...) binary_handlers<ops::name>(),
#include "wasm/engine/interp/numeric.def"
};

const BranchHandlers kFloatBranch[] = {
#define WHERRY_FLOAT_BINARY(name, ...) BranchHandlers{},
#define WHERRY_FLOAT_COMPARE(name, ...) float_branch_handlers<ops::name>(),
#include "wasm/engine/interp/numeric.def"
};

const UnaryHandlers kUnary[] = {
#define WHERRY_UNARY(name, ...) unary_handlers<ops::name>(),
#define WHERRY_TRUNCATE(name, ...) unary_handlers<ops::name>(),
#include "wasm/engine/interp/numeric.def"
};

}  // namespace wherry::wasm::interp
