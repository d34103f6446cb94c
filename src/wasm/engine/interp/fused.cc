#include "wasm/engine/interp/fused.h"

#include "wasm/engine/interp/numeric_ops.h"

namespace wherry::wasm::interp {
namespace {

std::uint64_t u16_c_of(const Slot* pc) { return field<std::uint16_t>(pc, 6); }

template <typename T>
T read(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename O, typename I, Source x_from, bool c_is_imm, Dest dest>
WHERRY_HANDLER_CC void fused_int(WHERRY_HANDLER_PARAMETERS) {
  using T = typename O::Left;
  const T x = fetch<T, x_from, 2>(pc, fp, acc, vacc);
  const T b = get_slot<T>(fp, b_of(pc));
  const T c = c_is_imm ? static_cast<T>(c_of(pc)) : get_slot<T>(fp, c_of(pc));
  put<T, dest>(pc, fp, acc, vacc, O::apply(x, I::apply(b, c)));
  WHERRY_NEXT(2);
}

template <typename O, typename Stored, bool reversed, Source x_from, Dest dest>
WHERRY_HANDLER_CC void with_load(WHERRY_HANDLER_PARAMETERS) {
  using T = typename O::Left;
  const T x = fetch<T, x_from, 2>(pc, fp, acc, vacc);
  const std::uint8_t* at = mem + get_slot<u64>(fp, b_of(pc)) + u16_c_of(pc);
  WHERRY_MAY_FAULT();
  const T loaded = static_cast<T>(read<Stored>(at));
  put<T, dest>(pc, fp, acc, vacc, reversed ? O::apply(loaded, x) : O::apply(x, loaded));
  WHERRY_NEXT(2);
}

template <typename O, typename M, bool reversed, Source x_from, Dest dest>
WHERRY_HANDLER_CC void with_product(WHERRY_HANDLER_PARAMETERS) {
  using T = typename O::Left;
  const T x = fetch<T, x_from, 2>(pc, fp, acc, vacc);
  const T product = M::apply(get_slot<T>(fp, b_of(pc)), get_slot<T>(fp, c_of(pc)));
  put<T, dest>(pc, fp, acc, vacc, reversed ? O::apply(product, x) : O::apply(x, product));
  WHERRY_NEXT(2);
}

template <typename Compare, bool with_imm>
WHERRY_HANDLER_CC void step_and_branch(WHERRY_HANDLER_PARAMETERS) {
  using T = typename Compare::Left;
  const std::int64_t counter = d_of(pc);
  const T stepped = get_slot<T>(fp, counter) + static_cast<T>(a_of(pc));
  acc = stepped;
  fp[counter] = acc;
  const T limit = with_imm ? static_cast<T>(b_of(pc)) : get_slot<T>(fp, b_of(pc));
  if (Compare::apply(stepped, limit)) WHERRY_GO(pc + static_cast<std::int64_t>(pc[2]));
  WHERRY_NEXT(3);
}

WHERRY_HANDLER_CC void copy_two(WHERRY_HANDLER_PARAMETERS) {
  fp[d_of(pc)] = fp[a_of(pc)];
  fp[b_of(pc)] = fp[c_of(pc)];
  WHERRY_NEXT(2);
}

template <typename O, typename I>
constexpr FusedInt fused_int_handlers() {
  return {{{{&fused_int<O, I, Source::Slot, false, Dest::ToAcc>,
             &fused_int<O, I, Source::Slot, false, Dest::ToSlot>},
            {&fused_int<O, I, Source::Slot, true, Dest::ToAcc>,
             &fused_int<O, I, Source::Slot, true, Dest::ToSlot>}},
           {{&fused_int<O, I, Source::Acc, false, Dest::ToAcc>,
             &fused_int<O, I, Source::Acc, false, Dest::ToSlot>},
            {&fused_int<O, I, Source::Acc, true, Dest::ToAcc>,
             &fused_int<O, I, Source::Acc, true, Dest::ToSlot>}}}};
}

template <typename O, typename Stored, bool reversed>
constexpr FusedLoad with_load_handlers() {
  return {{{&with_load<O, Stored, reversed, Source::Slot, Dest::ToAcc>,
            &with_load<O, Stored, reversed, Source::Slot, Dest::ToSlot>},
           {&with_load<O, Stored, reversed, Source::Acc, Dest::ToAcc>,
            &with_load<O, Stored, reversed, Source::Acc, Dest::ToSlot>}}};
}

template <typename O, typename M, bool reversed>
constexpr FusedLoad with_product_handlers() {
  return {{{&with_product<O, M, reversed, Source::Slot, Dest::ToAcc>,
            &with_product<O, M, reversed, Source::Slot, Dest::ToSlot>},
           {&with_product<O, M, reversed, Source::Acc, Dest::ToAcc>,
            &with_product<O, M, reversed, Source::Acc, Dest::ToSlot>}}};
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
#define WHERRY_STEP_COMPARE(name)                              \
  case IntBinary::I32##name:                                   \
    return with_imm ? &step_and_branch<ops::I32##name, true>   \
                    : &step_and_branch<ops::I32##name, false>; \
  case IntBinary::I64##name:                                   \
    return with_imm ? &step_and_branch<ops::I64##name, true>   \
                    : &step_and_branch<ops::I64##name, false>;
#include "wasm/engine/interp/fused.def"
    default:
      return nullptr;
  }
}

const Handler kCopyTwo = &copy_two;

}  // namespace wherry::wasm::interp
