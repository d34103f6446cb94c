// The variants of a handler: where operands come from, where the result goes.
#pragma once

#include <cstddef>
#include <type_traits>

#include "wasm/engine/interp/step.h"

namespace wherry::wasm::interp {

enum class Source : std::uint8_t { Slot, Acc, Imm };
// A result is always left in its accumulator; ToSlot also writes slot d.
enum class Dest : std::uint8_t { ToAcc, ToSlot };

// The pairs of sources that two-operand instructions exist in. Two accumulators never meet: the
// translator names the slot that the accumulator is a copy of, or stores it first.
enum class Form : std::uint8_t { SlotSlot, AccSlot, SlotAcc, SlotImm, AccImm };
inline constexpr std::size_t kForms = 5;

constexpr Source left_of(Form form) {
  return form == Form::AccSlot || form == Form::AccImm ? Source::Acc : Source::Slot;
}
constexpr Source right_of(Form form) {
  return form == Form::SlotAcc                           ? Source::Acc
         : form == Form::SlotImm || form == Form::AccImm ? Source::Imm
                                                         : Source::Slot;
}

// byte: where in word 1 the slot number stands. An integer immediate is the upper half of word 1,
// sign-extended; that of a float is word 2.
template <typename T, Source source, unsigned byte>
inline T fetch(const Slot* pc, const Slot* fp, std::uint64_t acc, Vec vacc) {
  if constexpr (source == Source::Slot) {
    return get_slot<T>(fp, field<std::int16_t>(pc, byte));
  } else if constexpr (std::is_integral_v<T>) {
    if constexpr (source == Source::Acc) return static_cast<T>(acc);
    return static_cast<T>(imm_of(pc));
  } else {
    if constexpr (source == Source::Acc) return of_vec<T>(vacc);
    T value;
    std::memcpy(&value, pc + 2, sizeof value);
    return value;
  }
}

template <typename T, Dest dest>
inline void put(const Slot* pc, Slot* fp, std::uint64_t& acc, Vec& vacc, T value) {
  if constexpr (std::is_integral_v<T>) {
    acc = static_cast<std::make_unsigned_t<T>>(value);
    if constexpr (dest == Dest::ToSlot) fp[d_of(pc)] = acc;
  } else {
    vacc = to_vec<T>(value);
    if constexpr (dest == Dest::ToSlot) set_slot<T>(fp, d_of(pc), value);
  }
}

// Words of an instruction whose right operand comes from `right` and is a T.
template <typename T>
constexpr int words_with(Source right) {
  return right == Source::Imm && !std::is_integral_v<T> ? 2 + (sizeof(T) + 7) / 8 : 2;
}

// Op: using Left, Right, Result; static apply(Left, Right); where it can trap, also
// static TrapKind check(Left, Right).
template <typename Op>
concept Checked = requires(typename Op::Left a, typename Op::Right b) { Op::check(a, b); };

namespace steps {

template <typename Op, Form form, Dest dest>
struct Binary {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    using L = typename Op::Left;
    using R = typename Op::Right;
    const L left = fetch<L, left_of(form), 2>(pc, fp, acc, vacc);
    const R right = fetch<R, right_of(form), 4>(pc, fp, acc, vacc);
    if constexpr (Checked<Op>) {
      const TrapKind kind = Op::check(left, right);
      if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_STEP_TRAP(kind);
    }
    put<typename Op::Result, dest>(pc, fp, acc, vacc, Op::apply(left, right));
    pc += words_with<R>(right_of(form));
    return true;
  }
};

// Operands: a and d (a slot or a 16-bit immediate), target in the upper half.
template <typename Op, Form form, bool when>
struct Branch {
  static constexpr int kWords = 2;
  static std::int64_t distance(const Slot* pc) { return target_of(pc); }
  static WHERRY_INLINED bool taken(WHERRY_STEP_PARAMETERS) {
    using T = typename Op::Left;
    const T left = fetch<T, left_of(form), 2>(pc, fp, acc, vacc);
    T right;
    if constexpr (right_of(form) == Source::Imm) {
      right = static_cast<T>(d_of(pc));
    } else {
      right = fetch<T, right_of(form), 0>(pc, fp, acc, vacc);
    }
    return static_cast<bool>(Op::apply(left, right)) == when;
  }
};

template <typename Op, Source source, Dest dest>
struct Unary {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    using From = typename Op::From;
    const From from = fetch<From, source, 2>(pc, fp, acc, vacc);
    if constexpr (requires { Op::check(from); }) {
      const TrapKind kind = Op::check(from);
      if (__builtin_expect(kind != TrapKind::None, 0)) WHERRY_STEP_TRAP(kind);
    }
    put<typename Op::Result, dest>(pc, fp, acc, vacc, Op::apply(from));
    pc += 2;
    return true;
  }
};

}  // namespace steps

struct BinaryHandlers {
  Handler at[kForms][2];  // [Form][Dest]; null where a form does not exist
};
struct BranchHandlers {
  Handler at[2][kForms];  // [when][Form]
};
struct UnaryHandlers {
  Handler at[2][2];  // [Source][Dest]
};

template <typename Op>
constexpr BinaryHandlers binary_handlers() {
  return {{{&handler<steps::Binary<Op, Form::SlotSlot, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::SlotSlot, Dest::ToSlot>>},
           {&handler<steps::Binary<Op, Form::AccSlot, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::AccSlot, Dest::ToSlot>>},
           {&handler<steps::Binary<Op, Form::SlotAcc, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::SlotAcc, Dest::ToSlot>>},
           {&handler<steps::Binary<Op, Form::SlotImm, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::SlotImm, Dest::ToSlot>>},
           {&handler<steps::Binary<Op, Form::AccImm, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::AccImm, Dest::ToSlot>>}}};
}
// Without the immediate forms.
template <typename Op>
constexpr BinaryHandlers slot_binary_handlers() {
  return {{{&handler<steps::Binary<Op, Form::SlotSlot, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::SlotSlot, Dest::ToSlot>>},
           {&handler<steps::Binary<Op, Form::AccSlot, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::AccSlot, Dest::ToSlot>>},
           {&handler<steps::Binary<Op, Form::SlotAcc, Dest::ToAcc>>,
            &handler<steps::Binary<Op, Form::SlotAcc, Dest::ToSlot>>},
           {nullptr, nullptr},
           {nullptr, nullptr}}};
}
template <typename Op>
constexpr BranchHandlers branch_handlers() {
  return {{{&handler<steps::Branch<Op, Form::SlotSlot, false>>,
            &handler<steps::Branch<Op, Form::AccSlot, false>>,
            &handler<steps::Branch<Op, Form::SlotAcc, false>>,
            &handler<steps::Branch<Op, Form::SlotImm, false>>,
            &handler<steps::Branch<Op, Form::AccImm, false>>},
           {&handler<steps::Branch<Op, Form::SlotSlot, true>>,
            &handler<steps::Branch<Op, Form::AccSlot, true>>,
            &handler<steps::Branch<Op, Form::SlotAcc, true>>,
            &handler<steps::Branch<Op, Form::SlotImm, true>>,
            &handler<steps::Branch<Op, Form::AccImm, true>>}}};
}
template <typename Op>
constexpr UnaryHandlers unary_handlers() {
  return {{{&handler<steps::Unary<Op, Source::Slot, Dest::ToAcc>>,
            &handler<steps::Unary<Op, Source::Slot, Dest::ToSlot>>},
           {&handler<steps::Unary<Op, Source::Acc, Dest::ToAcc>>,
            &handler<steps::Unary<Op, Source::Acc, Dest::ToSlot>>}}};
}

}  // namespace wherry::wasm::interp
