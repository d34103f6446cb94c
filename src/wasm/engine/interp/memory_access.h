// Loads and stores as steps. No bounds checks: what lies outside faults (engine/fault.cc).
#pragma once

#include "wasm/engine/interp/number.h"
#include "wasm/engine/interp/operand.h"

namespace wherry::wasm::interp {

template <typename T>
WHERRY_INLINED T read(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename Stored, typename Widened, typename Result>
struct LoadOf {
  using Kind = Result;
  static WHERRY_INLINED Result at(const std::uint8_t* address) {
    return static_cast<Result>(static_cast<Widened>(read<Stored>(address)));
  }
};

// Ways to an address that take no accumulator.
struct At {
  static std::uint8_t* address(const Slot* pc, const Slot*, std::uint8_t* mem) {
    return mem + offset_of(pc);
  }
};
struct Sum {
  static std::uint8_t* address(const Slot* pc, const Slot* fp, std::uint8_t* mem) {
    const u32 index = get_slot<u32>(fp, a_of(pc)) + get_slot<u32>(fp, b_of(pc));
    return mem + index + field<std::uint16_t>(pc, 6);
  }
};
struct Beside {
  static std::uint8_t* address(const Slot* pc, const Slot* fp, std::uint8_t* mem) {
    return mem + (get_slot<u32>(fp, a_of(pc)) + static_cast<u32>(offset_of(pc)));
  }
};

// The value of a store: a small immediate stands in field d, as the slot does.
template <typename Operand, typename Stored, Source source>
inline Stored stored_value(const Slot* pc, const Slot* fp, std::uint64_t acc, Vec vacc) {
  if constexpr (!std::is_integral_v<Operand>) {
    return fetch<Operand, source, 0>(pc, fp, acc, vacc);
  } else if constexpr (source == Source::Imm) {
    return static_cast<Stored>(d_of(pc));
  } else {
    return static_cast<Stored>(fetch<Operand, source, 0>(pc, fp, acc, vacc));
  }
}

namespace steps {

template <typename Op, Source source, Dest dest>
struct Load {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    const std::uint64_t index = fetch<u64, source, 2>(pc, fp, acc, vacc);
    WHERRY_MAY_FAULT();
    put<typename Op::Kind, dest>(pc, fp, acc, vacc, Op::at(mem + index + offset_of(pc)));
    pc += 2;
    return true;
  }
};

template <typename Way, typename Op, Dest dest>
struct LoadBy {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    WHERRY_MAY_FAULT();
    put<typename Op::Kind, dest>(pc, fp, acc, vacc, Op::at(Way::address(pc, fp, mem)));
    pc += 2;
    return true;
  }
};

template <typename Operand, typename Stored, Form form>
struct Store {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    const std::uint64_t index = fetch<u64, left_of(form), 2>(pc, fp, acc, vacc);
    const Stored value = stored_value<Operand, Stored, right_of(form)>(pc, fp, acc, vacc);
    WHERRY_MAY_FAULT();
    std::memcpy(mem + index + offset_of(pc), &value, sizeof value);
    pc += 2;
    return true;
  }
};

template <typename Way, typename Operand, typename Stored, Source source>
struct StoreBy {
  static WHERRY_INLINED bool run(WHERRY_STEP_PARAMETERS) {
    const Stored value = stored_value<Operand, Stored, source>(pc, fp, acc, vacc);
    WHERRY_MAY_FAULT();
    std::memcpy(Way::address(pc, fp, mem), &value, sizeof value);
    pc += 2;
    return true;
  }
};

}  // namespace steps

}  // namespace wherry::wasm::interp
