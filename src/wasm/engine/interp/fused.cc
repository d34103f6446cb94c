#include "wasm/engine/interp/fused.h"

#include "wasm/engine/interp/fused_steps.h"
#include "wasm/engine/interp/numeric_ops.h"

namespace wherry::wasm::interp {
namespace {

template <typename O, typename I>
constexpr FusedInt fused_int_handlers() {
  return {{{{&handler<steps::FusedIntegers<O, I, Source::Slot, false, Dest::ToAcc>>,
             &handler<steps::FusedIntegers<O, I, Source::Slot, false, Dest::ToSlot>>},
            {&handler<steps::FusedIntegers<O, I, Source::Slot, true, Dest::ToAcc>>,
             &handler<steps::FusedIntegers<O, I, Source::Slot, true, Dest::ToSlot>>}},
           {{&handler<steps::FusedIntegers<O, I, Source::Acc, false, Dest::ToAcc>>,
             &handler<steps::FusedIntegers<O, I, Source::Acc, false, Dest::ToSlot>>},
            {&handler<steps::FusedIntegers<O, I, Source::Acc, true, Dest::ToAcc>>,
             &handler<steps::FusedIntegers<O, I, Source::Acc, true, Dest::ToSlot>>}}}};
}

template <typename O, typename Stored, bool reversed>
constexpr FusedLoad with_load_handlers() {
  return {{{&handler<steps::WithLoad<O, Stored, reversed, Source::Slot, Dest::ToAcc>>,
            &handler<steps::WithLoad<O, Stored, reversed, Source::Slot, Dest::ToSlot>>},
           {&handler<steps::WithLoad<O, Stored, reversed, Source::Acc, Dest::ToAcc>>,
            &handler<steps::WithLoad<O, Stored, reversed, Source::Acc, Dest::ToSlot>>}}};
}

template <typename O, typename M, bool reversed>
constexpr FusedLoad with_product_handlers() {
  return {{{&handler<steps::WithProduct<O, M, reversed, Source::Slot, Dest::ToAcc>>,
            &handler<steps::WithProduct<O, M, reversed, Source::Slot, Dest::ToSlot>>},
           {&handler<steps::WithProduct<O, M, reversed, Source::Acc, Dest::ToAcc>>,
            &handler<steps::WithProduct<O, M, reversed, Source::Acc, Dest::ToSlot>>}}};
}

template <typename T>
struct Inners32 {
  static constexpr FusedInt row[] = {
#define WHERRY_FUSED_INNER(name) fused_int_handlers<T, ops::I32##name>(),
#include "wasm/engine/interp/fused.def"
  };
};
template <typename T>
struct Inners64 {
  static constexpr FusedInt row[] = {
#define WHERRY_FUSED_INNER(name) fused_int_handlers<T, ops::I64##name>(),
#include "wasm/engine/interp/fused.def"
  };
};

}  // namespace

Outer outer_of(IntBinary op) {
  switch (op) {
#define WHERRY_FUSED_OUTER(name) \
  case IntBinary::I32##name:     \
  case IntBinary::I64##name:     \
    return Outer::name;
#include "wasm/engine/interp/fused.def"
    default:
      return Outer::Count;
  }
}

Inner inner_of(IntBinary op) {
  switch (op) {
#define WHERRY_FUSED_INNER(name) \
  case IntBinary::I32##name:     \
  case IntBinary::I64##name:     \
    return Inner::name;
#include "wasm/engine/interp/fused.def"
    default:
      return Inner::Count;
  }
}

const FusedInt* fused_int(bool wide, Outer outer, Inner inner) {
  static constexpr const FusedInt* kRows[2][static_cast<int>(Outer::Count)] = {{
#define WHERRY_FUSED_OUTER(name) Inners32<ops::I32##name>::row,
#include "wasm/engine/interp/fused.def"
                                                                               },
                                                                               {
#define WHERRY_FUSED_OUTER(name) Inners64<ops::I64##name>::row,
#include "wasm/engine/interp/fused.def"
                                                                               }};
  return &kRows[wide][static_cast<int>(outer)][static_cast<int>(inner)];
}

const FusedLoad* fused_load(IntBinary outer, LoadOp load) {
  static constexpr struct {
    IntBinary outer;
    LoadOp load;
    FusedLoad handlers;
  } kRows[] = {
#define WHERRY_ROWS(op)                                                                         \
  {IntBinary::I32##op, LoadOp::I32Load, with_load_handlers<ops::I32##op, u32, false>()},        \
      {IntBinary::I32##op, LoadOp::I32Load8U, with_load_handlers<ops::I32##op, u8, false>()},   \
      {IntBinary::I32##op, LoadOp::I32Load16U, with_load_handlers<ops::I32##op, u16, false>()}, \
      {IntBinary::I64##op, LoadOp::I64Load, with_load_handlers<ops::I64##op, u64, false>()},
      WHERRY_ROWS(Add) WHERRY_ROWS(Sub) WHERRY_ROWS(Mul) WHERRY_ROWS(And) WHERRY_ROWS(Or)
          WHERRY_ROWS(Xor)
#undef WHERRY_ROWS
  };
  for (const auto& row : kRows) {
    if (row.outer == outer && row.load == load) return &row.handlers;
  }
  return nullptr;
}

const FusedLoad* fused_load(FloatBinary outer, LoadOp load, bool reversed) {
  static constexpr struct {
    FloatBinary outer;
    LoadOp load;
    FusedLoad handlers[2];
  } kRows[] = {
#define WHERRY_ROW(op, width, type)                       \
  {FloatBinary::F##width##op,                             \
   LoadOp::F##width##Load,                                \
   {with_load_handlers<ops::F##width##op, type, false>(), \
    with_load_handlers<ops::F##width##op, type, true>()}},
      WHERRY_ROW(Add, 32, float) WHERRY_ROW(Sub, 32, float) WHERRY_ROW(Mul, 32, float)
          WHERRY_ROW(Add, 64, double) WHERRY_ROW(Sub, 64, double) WHERRY_ROW(Mul, 64, double)
#undef WHERRY_ROW
  };
  for (const auto& row : kRows) {
    if (row.outer == outer && row.load == load) return &row.handlers[reversed];
  }
  return nullptr;
}

const FusedLoad* fused_multiply(FloatBinary outer, bool reversed) {
  static constexpr struct {
    FloatBinary outer;
    FusedLoad handlers[2];
  } kRows[] = {
#define WHERRY_ROW(op, width)                                              \
  {FloatBinary::F##width##op,                                              \
   {with_product_handlers<ops::F##width##op, ops::F##width##Mul, false>(), \
    with_product_handlers<ops::F##width##op, ops::F##width##Mul, true>()}},
      WHERRY_ROW(Add, 32) WHERRY_ROW(Sub, 32) WHERRY_ROW(Add, 64) WHERRY_ROW(Sub, 64)
#undef WHERRY_ROW
  };
  for (const auto& row : kRows) {
    if (row.outer == outer) return &row.handlers[reversed];
  }
  return nullptr;
}

Handler step_branch(IntBinary op, bool with_imm) {
  switch (op) {
#define WHERRY_STEP_COMPARE(name)                                            \
  case IntBinary::I32##name:                                                 \
    return with_imm ? &handler<steps::StepAndBranch<ops::I32##name, true>>   \
                    : &handler<steps::StepAndBranch<ops::I32##name, false>>; \
  case IntBinary::I64##name:                                                 \
    return with_imm ? &handler<steps::StepAndBranch<ops::I64##name, true>>   \
                    : &handler<steps::StepAndBranch<ops::I64##name, false>>;
#include "wasm/engine/interp/fused.def"
    default:
      return nullptr;
  }
}

const Handler kCopyTwo = &handler<steps::CopyTwo>;

}  // namespace wherry::wasm::interp
