// Integer arithmetic, comparisons and the branches on them.
#include "wasm/engine/interp/number.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

#define WHERRY_INT_BINARY(name, type, result)            \
  struct name {                                          \
    using Left = type;                                   \
    using Right = type;                                  \
    using Result = type;                                 \
    static type apply(type a, type b) { return result; } \
  };
#define WHERRY_INT_DIVIDE(name, type, result, trap)                         \
  struct name {                                                             \
    using Left = type;                                                      \
    using Right = type;                                                     \
    using Result = type;                                                    \
    static type apply(type a, type b) { return result; }                    \
    static TrapKind check([[maybe_unused]] type a, type b) { return trap; } \
  };
#define WHERRY_INT_COMPARE(name, type, condition)          \
  struct name {                                            \
    using Left = type;                                     \
    using Right = type;                                    \
    using Result = u32;                                    \
    static u32 apply(type a, type b) { return condition; } \
  };
#define WHERRY_INT_TEST WHERRY_INT_COMPARE
#include "wasm/engine/interp/numeric.def"

}  // namespace

const BinaryHandlers kIntBinary[] = {
#define WHERRY_INT_BINARY(name, ...) binary_handlers<name>(),
#define WHERRY_INT_DIVIDE(name, ...) binary_handlers<name>(),
#define WHERRY_INT_COMPARE(name, ...) binary_handlers<name>(),
#define WHERRY_INT_TEST(name, ...) binary_handlers<name>(),
#include "wasm/engine/interp/numeric.def"
};

const BranchHandlers kIntBranch[] = {
#define WHERRY_INT_BINARY(name, ...) BranchHandlers{},
#define WHERRY_INT_DIVIDE(name, ...) BranchHandlers{},
#define WHERRY_INT_COMPARE(name, ...) branch_handlers<name>(),
#define WHERRY_INT_TEST(name, ...) branch_handlers<name>(),
#include "wasm/engine/interp/numeric.def"
};

}  // namespace wherry::wasm::interp
