// The tables of memory_access.h's handlers.
#include "wasm/engine/interp/memory_access.h"

#include "wasm/engine/interp/lanes.h"
#include "wasm/engine/interp/tables.h"

namespace wherry::wasm::interp {
namespace {

#define WHERRY_VECTOR_LOAD(name, stored, result)                \
  struct name {                                                 \
    using Kind = Vec;                                           \
    static WHERRY_INLINED Vec at(const std::uint8_t* address) { \
      const auto x = read<stored>(address);                     \
      return __builtin_bit_cast(Vec, result);                   \
    }                                                           \
  };
#include "wasm/engine/interp/memory.def"

template <typename Operand, typename Stored>
WHERRY_HANDLER_CC void store_acc_at_acc(WHERRY_HANDLER_PARAMETERS) {
  const Stored value = of_vec<Operand>(vacc);
  WHERRY_MAY_FAULT();
  std::memcpy(mem + acc + offset_of(pc), &value, sizeof value);
  WHERRY_NEXT(2);
}

template <typename Op>
constexpr UnaryHandlers load_handlers() {
  return {{{&handler<steps::Load<Op, Source::Slot, Dest::ToAcc>>,
            &handler<steps::Load<Op, Source::Slot, Dest::ToSlot>>},
           {&handler<steps::Load<Op, Source::Acc, Dest::ToAcc>>,
            &handler<steps::Load<Op, Source::Acc, Dest::ToSlot>>}}};
}

template <typename Operand, typename Stored>
constexpr StoreHandlers store_handlers() {
  if constexpr (std::is_integral_v<Operand>) {
    return {{&handler<steps::Store<Operand, Stored, Form::SlotSlot>>,
             &handler<steps::Store<Operand, Stored, Form::AccSlot>>,
             &handler<steps::Store<Operand, Stored, Form::SlotAcc>>,
             &handler<steps::Store<Operand, Stored, Form::SlotImm>>,
             &handler<steps::Store<Operand, Stored, Form::AccImm>>, nullptr}};
  } else {
    return {{&handler<steps::Store<Operand, Stored, Form::SlotSlot>>,
             &handler<steps::Store<Operand, Stored, Form::AccSlot>>,
             &handler<steps::Store<Operand, Stored, Form::SlotAcc>>, nullptr, nullptr,
             &store_acc_at_acc<Operand, Stored>}};
  }
}

// Floats and vectors have no immediates.
template <typename Way, typename Operand, typename Stored>
constexpr Handler store_imm_by() {
  if constexpr (std::is_integral_v<Operand>)
    return &handler<steps::StoreBy<Way, Operand, Stored, Source::Imm>>;
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
#define WHERRY_LOADS_BY(way, op) \
  {&handler<steps::LoadBy<way, op, Dest::ToAcc>>, &handler<steps::LoadBy<way, op, Dest::ToSlot>>}
#define WHERRY_STORES_BY(way, operand, stored)                   \
  {&handler<steps::StoreBy<way, operand, stored, Source::Slot>>, \
   &handler<steps::StoreBy<way, operand, stored, Source::Acc>>,  \
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
