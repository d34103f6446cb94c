// The steps of fused.h's handlers.
#pragma once

#include "wasm/engine/interp/memory_access.h"

namespace wherry::wasm::interp::steps {

template <typename O, typename I, Source x_from, bool c_is_imm, Dest dest>
struct FusedIntegers {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    using T = typename O::Left;
    const T x = fetch<T, x_from, 2>(pc, fp, acc, vacc);
    const T b = get_slot<T>(fp, b_of(pc));
    const T c = c_is_imm ? static_cast<T>(c_of(pc)) : get_slot<T>(fp, c_of(pc));
    put<T, dest>(pc, fp, acc, vacc, O::apply(x, I::apply(b, c)));
    pc += 2;
    return true;
  }
};

template <typename O, typename Stored, bool reversed, Source x_from, Dest dest>
struct WithLoad {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    using T = typename O::Left;
    const T x = fetch<T, x_from, 2>(pc, fp, acc, vacc);
    const std::uint8_t* at = mem + get_slot<u64>(fp, b_of(pc)) + field<std::uint16_t>(pc, 6);
    WHERRY_MAY_FAULT();
    const T loaded = static_cast<T>(read<Stored>(at));
    put<T, dest>(pc, fp, acc, vacc, reversed ? O::apply(loaded, x) : O::apply(x, loaded));
    pc += 2;
    return true;
  }
};

template <typename O, typename M, bool reversed, Source x_from, Dest dest>
struct WithProduct {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    using T = typename O::Left;
    const T x = fetch<T, x_from, 2>(pc, fp, acc, vacc);
    const T product = M::apply(get_slot<T>(fp, b_of(pc)), get_slot<T>(fp, c_of(pc)));
    put<T, dest>(pc, fp, acc, vacc, reversed ? O::apply(product, x) : O::apply(x, product));
    pc += 2;
    return true;
  }
};

template <typename Compare, bool with_imm>
struct StepAndBranch {
  static constexpr int kWords = 3;
  static std::int64_t distance(const Slot* pc) { return static_cast<std::int64_t>(pc[2]); }
  static WHERRY_INLINED bool taken(WHERRY_STEP_PARAMETERS) {
    using T = typename Compare::Left;
    const std::int64_t counter = d_of(pc);
    const T stepped = get_slot<T>(fp, counter) + static_cast<T>(a_of(pc));
    acc = stepped;
    fp[counter] = acc;
    const T limit = with_imm ? static_cast<T>(b_of(pc)) : get_slot<T>(fp, b_of(pc));
    return Compare::apply(stepped, limit);
  }
};

struct CopyTwo {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    fp[d_of(pc)] = fp[a_of(pc)];
    fp[b_of(pc)] = fp[c_of(pc)];
    pc += 2;
    return true;
  }
};

}  // namespace wherry::wasm::interp::steps
