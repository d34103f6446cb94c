// Loads and stores. No bounds checks: what lies outside faults (engine/fault.cc).
#include "wasm/engine/interp/lanes.h"
#include "wasm/engine/interp/number.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

template <typename T>
inline T read(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename Stored, typename Widened, typename Result>
struct LoadOf {
  using Kind = Result;
  static Result at(const std::uint8_t* address) {
    return static_cast<Result>(static_cast<Widened>(read<Stored>(address)));
  }
};

#define WHERRY_VECTOR_LOAD(name, stored, result) \
  struct name {                                  \
    using Kind = Vec;                            \
    static Vec at(const std::uint8_t* address) { \
      const auto x = read<stored>(address);      \
      return __builtin_bit_cast(Vec, result);    \
    }                                            \
  };
#include "wasm/engine/interp/memory.def"

template <typename Op, Source source, Dest dest>
WHERRY_HANDLER_CC void load(WHERRY_HANDLER_PARAMETERS) {
  const std::uint64_t index = fetch<u64, source, 2>(pc, fp, acc, vacc);
  WHERRY_MAY_FAULT();
  put<typename Op::Kind, dest>(pc, fp, acc, vacc, Op::at(mem + index + offset_of(pc)));
  WHERRY_NEXT(2);
}

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

template <typename Way, typename Op, Dest dest>
WHERRY_HANDLER_CC void load_by(WHERRY_HANDLER_PARAMETERS) {
  WHERRY_MAY_FAULT();
  put<typename Op::Kind, dest>(pc, fp, acc, vacc, Op::at(Way::address(pc, fp, mem)));
  WHERRY_NEXT(2);
}

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

template <typename Way, typename Operand, typename Stored, Source source>
WHERRY_HANDLER_CC void store_by(WHERRY_HANDLER_PARAMETERS) {
  const Stored value = stored_value<Operand, Stored, source>(pc, fp, acc, vacc);
  WHERRY_MAY_FAULT();
  std::memcpy(Way::address(pc, fp, mem), &value, sizeof value);
  WHERRY_NEXT(2);
}

template <typename Operand, typename Stored, Form form>
WHERRY_HANDLER_CC void store(WHERRY_HANDLER_PARAMETERS) {
  const std::uint64_t index = fetch<u64, left_of(form), 2>(pc, fp, acc, vacc);
  const Stored value = stored_value<Operand, Stored, right_of(form)>(pc, fp, acc, vacc);
  WHERRY_MAY_FAULT();
  std::memcpy(mem + index + offset_of(pc), &value, sizeof value);
  WHERRY_NEXT(2);
}

template <typename Operand, typename Stored>
WHERRY_HANDLER_CC void store_acc_at_acc(WHERRY_HANDLER_PARAMETERS) {
  const Stored value = of_vec<Operand>(vacc);
  WHERRY_MAY_FAULT();
  std::memcpy(mem + acc + offset_of(pc), &value, sizeof value);
  WHERRY_NEXT(2);
}

template <typename Op>
constexpr UnaryHandlers load_handlers() {
  return {{{&load<Op, Source::Slot, Dest::ToAcc>, &load<Op, Source::Slot, Dest::ToSlot>},
           {&load<Op, Source::Acc, Dest::ToAcc>, &load<Op, Source::Acc, Dest::ToSlot>}}};
}

template <typename Operand, typename Stored>
constexpr StoreHandlers store_handlers() {
  if constexpr (std::is_integral_v<Operand>) {
    return {{&store<Operand, Stored, Form::SlotSlot>, &store<Operand, Stored, Form::AccSlot>,
             &store<Operand, Stored, Form::SlotAcc>, &store<Operand, Stored, Form::SlotImm>,
             &store<Operand, Stored, Form::AccImm>, nullptr}};
  } else {
    return {{&store<Operand, Stored, Form::SlotSlot>, &store<Operand, Stored, Form::AccSlot>,
             &store<Operand, Stored, Form::SlotAcc>, nullptr, nullptr,
             &store_acc_at_acc<Operand, Stored>}};
  }
}

// Floats and vectors have no immediates.
template <typename Way, typename Operand, typename Stored>
constexpr Handler store_imm_by() {
  if constexpr (std::is_integral_v<Operand>) return &store_by<Way, Operand, Stored, Source::Imm>;
  return nullptr;
}

}  // namespace

const UnaryHandlers kLoad[] = {
#define WHERRY_LOAD(name, stored, widened, result) load_handlers<LoadOf<stored, widened, result>>(),
#define WHERRY_VECTOR_LOAD(name, ...) load_handlers<name>(),
#include "wasm/engine/interp/memory.def"
};

// One macro argument.
#define WHERRY_LOAD_OF(...) LoadOf<__VA_ARGS__>
#define WHERRY_LOADS_BY(way, op) {&load_by<way, op, Dest::ToAcc>, &load_by<way, op, Dest::ToSlot>}
#define WHERRY_STORES_BY(way, operand, stored)                                                  \
  {&store_by<way, operand, stored, Source::Slot>, &store_by<way, operand, stored, Source::Acc>, \
   store_imm_by<way, operand, stored>()}

const Handler kLoadAt[][2] = {
#define WHERRY_LOAD(name, stored, widened, result) \
  WHERRY_LOADS_BY(At, WHERRY_LOAD_OF(stored, widened, result)),
#define WHERRY_VECTOR_LOAD(name, ...) WHERRY_LOADS_BY(At, name),
#include "wasm/engine/interp/memory.def"
};

const Handler kStoreAt[][3] = {
#define WHERRY_STORE(name, operand, stored) WHERRY_STORES_BY(At, operand, stored),
#include "wasm/engine/interp/memory.def"
};

const Handler kLoadSum[][2] = {
#define WHERRY_LOAD(name, stored, widened, result) \
  WHERRY_LOADS_BY(Sum, WHERRY_LOAD_OF(stored, widened, result)),
#define WHERRY_VECTOR_LOAD(name, ...) WHERRY_LOADS_BY(Sum, name),
#include "wasm/engine/interp/memory.def"
};

const Handler kStoreSum[][3] = {
#define WHERRY_STORE(name, operand, stored) WHERRY_STORES_BY(Sum, operand, stored),
#include "wasm/engine/interp/memory.def"
};

const Handler kLoadBeside[][2] = {
#define WHERRY_LOAD(name, stored, widened, result) \
  WHERRY_LOADS_BY(Beside, WHERRY_LOAD_OF(stored, widened, result)),
#define WHERRY_VECTOR_LOAD(name, ...) WHERRY_LOADS_BY(Beside, name),
#include "wasm/engine/interp/memory.def"
};

const Handler kStoreBeside[][3] = {
#define WHERRY_STORE(name, operand, stored) WHERRY_STORES_BY(Beside, operand, stored),
#include "wasm/engine/interp/memory.def"
};

const StoreHandlers kStore[] = {
#define WHERRY_STORE(name, operand, stored) store_handlers<operand, stored>(),
#include "wasm/engine/interp/memory.def"
};

}  // namespace wherry::wasm::interp
