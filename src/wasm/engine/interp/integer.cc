// Integer arithmetic, comparisons and the branches on them.
#include "wasm/engine/interp/numeric_ops.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
const BinaryHandlers kIntBinary[] = {
#define WHERRY_INT_BINARY(name, ...) binary_handlers<ops::name>(),
#define WHERRY_INT_DIVIDE(name, ...) binary_handlers<ops::name>(),
#define WHERRY_INT_COMPARE(name, ...) binary_handlers<ops::name>(),
#define WHERRY_INT_TEST(name, ...) binary_handlers<ops::name>(),
#include "wasm/engine/interp/numeric.def"
};

const BranchHandlers kIntBranch[] = {
#define WHERRY_INT_BINARY(name, ...) BranchHandlers{},
#define WHERRY_INT_DIVIDE(name, ...) BranchHandlers{},
#define WHERRY_INT_COMPARE(name, ...) branch_handlers<ops::name>(),
#define WHERRY_INT_TEST(name, ...) branch_handlers<ops::name>(),
#include "wasm/engine/interp/numeric.def"
};

}  // namespace wherry::wasm::interp
