// The loads, stores and bulk instructions of a generated body.
#include "differential/body.h"
#include "wasm/format/module_writer.h"

namespace wherry::differential {

using namespace wasm;
using namespace wasm::writer;

namespace {
constexpr ValType kI32 = ValType::I32;
}

// An i32 on the top that is mostly inside the memory.
void Body::address() {
  std::vector<std::uint32_t> small;
  for (std::uint32_t i = 0; i < locals_.size(); ++i) {
    if (small_[i]) small.push_back(i);
  }
  auto pick = [&] { return small[random_.below(small.size())]; };
  const std::uint32_t how = small.empty() ? 4 + random_.below(2) : random_.below(7);
  switch (how) {
    case 0:
    case 1:
      get_local(pick());
      get_local(pick());
      return apply(Opcode::I32Add);
    case 2:
      get_local(pick());
      emit(i32_const(static_cast<std::int32_t>(random_.below(2000)) - 8));
      push(kI32);
      if (random_.chance(30)) {
        get_local(pick());
        apply(Opcode::I32Add);
      }
      return apply(Opcode::I32Add);
    case 3:
      return get_local(pick());
    case 4:
      emit(i32_const(static_cast<std::int32_t>(random_.below(random_.chance(5) ? 70000 : 60000))));
      return push(kI32);
    default:
      if (!tops_are({kI32}) || random_.chance(30)) leaf(kI32);
      if (random_.chance(98)) {
        emit(i32_const(random_.chance(50) ? 0xffff : 0x7ffc));
        push(kI32);
        apply(Opcode::I32And);
      }
  }
}

std::uint32_t Body::offset() {
  if (random_.chance(45)) return 0;
  if (random_.chance(96)) return random_.below(600);
  if (random_.chance(50)) return random_.below(70000);
  return static_cast<std::uint32_t>(random_.bits());
}

void Body::load(ValType type) {
  address();
  static constexpr Opcode kLoads[5][7] = {
      {Opcode::I32Load, Opcode::I32Load, Opcode::I32Load8U, Opcode::I32Load8S, Opcode::I32Load16U,
       Opcode::I32Load16S, Opcode::I32Load},
      {Opcode::I64Load, Opcode::I64Load, Opcode::I64Load8U, Opcode::I64Load16S, Opcode::I64Load32U,
       Opcode::I64Load32S, Opcode::I64Load8S},
      {Opcode::F32Load, Opcode::F32Load, Opcode::F32Load, Opcode::F32Load, Opcode::F32Load,
       Opcode::F32Load, Opcode::F32Load},
      {Opcode::F64Load, Opcode::F64Load, Opcode::F64Load, Opcode::F64Load, Opcode::F64Load,
       Opcode::F64Load, Opcode::F64Load},
      {Opcode::V128Load, Opcode::V128Load, Opcode::V128Load8Splat, Opcode::V128Load32Splat,
       Opcode::V128Load, Opcode::V128Load32Zero, Opcode::V128Load8x8S}};
  pop();
  emit(op(kLoads[0x7f - static_cast<unsigned>(type)][random_.below(7)], 0) + u32(offset()));
  push(type);
}

void Body::store() {
  const ValType type = random_.chance(50) ? kI32 : ValType(0x7f - random_.below(5));
  static constexpr Opcode kStores[5][3] = {
      {Opcode::I32Store, Opcode::I32Store8, Opcode::I32Store16},
      {Opcode::I64Store, Opcode::I64Store32, Opcode::I64Store16},
      {Opcode::F32Store, Opcode::F32Store, Opcode::F32Store},
      {Opcode::F64Store, Opcode::F64Store, Opcode::F64Store},
      {Opcode::V128Store, Opcode::V128Store, Opcode::V128Store}};
  address();
  const std::size_t height = stack_.size();
  leaf(type);
  if (random_.chance(50) && type != ValType::V128) {
    leaf(type);
    apply((type == ValType::F32 || type == ValType::F64)
              ? (type == ValType::F32 ? Opcode::F32Add : Opcode::F64Sub)
              : (type == kI32 ? Opcode::I32Add : Opcode::I64Xor));
  }
  settle_nan();
  stack_.resize(height - 1);
  emit(op(kStores[0x7f - static_cast<unsigned>(type)][random_.below(3)], 0) + u32(offset()));
}

void Body::bulk() {
  if (random_.chance(40)) {
    const bool grow = random_.chance(50);
    constexpr std::int32_t kBy[] = {0, 1, 70000};
    if (grow) emit(i32_const(kBy[random_.below(3)]));
    emit(op(grow ? Opcode::MemoryGrow : Opcode::MemorySize) + byte(0));
    return push(kI32);
  }
  const bool fill = random_.chance(50);
  address();
  apart([&] {
    if (fill) {
      leaf(kI32);
    } else {
      address();
    }
    pop();
  });
  pop();
  emit(i32_const(static_cast<std::int32_t>(random_.below(100))));
  emit(fill ? op(Opcode::MemoryFill) + byte(0) : op(Opcode::MemoryCopy) + byte(0) + byte(0));
}

}  // namespace wherry::differential
