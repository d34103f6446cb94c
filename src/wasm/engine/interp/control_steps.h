// Steps that are not arithmetic and reach no memory: control, calls, moves, constants, globals.
#pragma once

#include "wasm/engine/interp/control.h"

namespace wherry::wasm::interp {

template <typename T>
inline T* pointer_at(const Slot* pc, int word) {
  return reinterpret_cast<T*>(pc[word]);
}

template <Class cls, Dest dest>
inline void put_class(const Slot* pc, Slot* fp, std::uint64_t& acc, Vec& vacc, const Slot* from) {
  if constexpr (cls == Class::Int) {
    put<std::uint64_t, dest>(pc, fp, acc, vacc, *from);
  } else if constexpr (cls == Class::Float) {
    put<double, dest>(pc, fp, acc, vacc, get_slot<double>(from, 0));
  } else {
    put<Vec, dest>(pc, fp, acc, vacc, get_slot<Vec>(from, 0));
  }
}

// The accumulator of the class, to a slot.
template <Class cls>
inline void set_from_acc(Slot* fp, std::int64_t slot, std::uint64_t acc, Vec vacc) {
  if constexpr (cls == Class::Int) {
    fp[slot] = acc;
  } else if constexpr (cls == Class::Float) {
    set_slot<double>(fp, slot, of_vec<double>(vacc));
  } else {
    set_slot<Vec>(fp, slot, vacc);
  }
}

inline void return_to_caller(const Slot*& pc, Slot*& fp) {
  pc = reinterpret_cast<const Slot*>(fp[kReturnPc]);
  fp = reinterpret_cast<Slot*>(fp[kCallerFrame]);
}

// Makes `frame` the callee's, which returns to `back`.
inline void enter_frame(const Slot*& pc, Slot*& fp, Slot* frame, const Function* callee,
                        const Slot* back) {
  frame[kReturnPc] = reinterpret_cast<Slot>(back);
  frame[kCallerFrame] = reinterpret_cast<Slot>(fp);
  frame[kFunction] = reinterpret_cast<Slot>(callee);
  fp = frame;
  pc = callee->code;
}

namespace steps {

struct Enter {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    if (__builtin_expect(fp + imm_of(pc) > context->stack_end, 0)) {
      WHERRY_STEP_TRAP(TrapKind::StackExhausted);
    }
    // By twos: behind an odd one there is the header of a function called from here.
    Slot* local = fp + d_of(pc);
    for (std::int64_t count = a_of(pc); count > 0; count -= 2, local += 2) {
      set_slot<Vec>(local, 0, Vec{});
    }
    pc += 2;
    return true;
  }
};

struct Jump {
  static constexpr bool kEnds = true;
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    pc += target_of(pc);
    return true;
  }
};

template <Source source>
struct BranchTable {
  static constexpr bool kEnds = true;
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    const std::uint32_t index = fetch<std::uint32_t, source, 2>(pc, fp, acc, vacc);
    const auto count = static_cast<std::uint32_t>(imm_of(pc));
    const Slot* targets = pc + 2;
    pc += static_cast<std::int64_t>(targets[index < count ? index : count]);
    return true;
  }
};

template <bool when, Source source>
struct BranchIf {
  static constexpr int kWords = 2;
  static std::int64_t distance(const Slot* pc) { return target_of(pc); }
  static WHERRY_INLINED bool taken(WHERRY_STEP_PARAMETERS) {
    return (fetch<std::uint32_t, source, 2>(pc, fp, acc, vacc) != 0) == when;
  }
};

template <int slots>
struct Copy {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    if constexpr (slots == 1) {
      fp[d_of(pc)] = fp[a_of(pc)];
    } else {
      set_slot<Vec>(fp, d_of(pc), get_slot<Vec>(fp, a_of(pc)));
    }
    pc += 2;
    return true;
  }
};

template <Class cls>
struct StoreAcc {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    set_from_acc<cls>(fp, d_of(pc), acc, vacc);
    pc += 2;
    return true;
  }
};

// The result stays in its accumulator too: that is where the caller looks first.
template <Class cls, Source source>
struct Return {
  static constexpr bool kEnds = true;
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    if constexpr (source == Source::Slot) {
      put_class<cls, Dest::ToSlot>(pc, fp, acc, vacc, fp + a_of(pc));
    } else {
      set_from_acc<cls>(fp, d_of(pc), acc, vacc);
    }
    return_to_caller(pc, fp);
    return true;
  }
};

struct ReturnNothing {
  static constexpr bool kEnds = true;
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    return_to_caller(pc, fp);
    return true;
  }
};

struct ConstZeroExtended {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    fp[d_of(pc)] = offset_of(pc);
    pc += 2;
    return true;
  }
};

template <Class cls, Source source, Dest dest>
struct Select {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    const std::uint32_t condition = fetch<std::uint32_t, source, 6>(pc, fp, acc, vacc);
    const Slot* from = condition != 0 ? fp + a_of(pc) : fp + b_of(pc);
    put_class<cls, dest>(pc, fp, acc, vacc, from);
    pc += 2;
    return true;
  }
};

struct Call {
  static constexpr bool kEnds = true;
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    enter_frame(pc, fp, fp + d_of(pc), pointer_at<const Function>(pc, 2), pc + 3);
    return true;
  }
};

template <Class cls, Dest dest>
struct GlobalGet {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    put_class<cls, dest>(pc, fp, acc, vacc, pointer_at<const Slot>(pc, 2));
    pc += 3;
    return true;
  }
};

template <Class cls, Source source>
struct GlobalSet {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    Slot* cell = pointer_at<Slot>(pc, 2);
    if constexpr (cls == Class::Int) {
      *cell = fetch<std::uint64_t, source, 2>(pc, fp, acc, vacc);
    } else if constexpr (cls == Class::Float) {
      set_slot<double>(cell, 0, fetch<double, source, 2>(pc, fp, acc, vacc));
    } else {
      set_slot<Vec>(cell, 0, fetch<Vec, source, 2>(pc, fp, acc, vacc));
    }
    pc += 3;
    return true;
  }
};

}  // namespace steps

}  // namespace wherry::wasm::interp
