// Float arithmetic, comparisons and the branches on them, and the conversions.
#include "wasm/engine/interp/numeric_ops.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

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
