// How interpreter instructions look in memory and how control passes from one to the next.
//
// An instruction is a row of 64-bit words. Word 0 is the address of its handler; word 1 packs its
// operands; some have further words. Every handler ends by jumping to the handler of the next
// instruction, so that each has an indirect jump of its own to predict, and the interpreter's state
// stays in registers: clang's musttail makes that a promise, preserve_none gives every argument a
// register that no handler needs to save. g++ has neither and makes the same jump as a sibling call.
//
// Handlers stand in a section of their own: a fault is the guest's only if it happened there.
//
// The two accumulators hold the result of the last instruction that produced an integer (or
// reference) and a float (or vector): most results are consumed by the next instruction and never
// reach memory. Each handler exists in variants by where its operands come from and go to:
//
//   word 1:  bits 0-15 d   destination slot (relative to the frame, signed), or a small immediate
//            bits 16-31 a  first source slot
//            bits 32-47 b  second source slot      } or one 32-bit immediate,
//            bits 48-63 c  third source slot       } or branch offset, or address offset
//
// A frame, growing upward, in slots relative to fp:
//   -argument_slots ..  arguments, overwritten by the results on return
//   0                   the caller's next instruction
//   1                   the caller's fp
//   2                   the running Function
//   3 ..                further locals, then the operand stack's homes
#pragma once

#include <cstdint>
#include <cstring>

#include "wasm/engine/instance.h"

namespace wherry::wasm::interp {

struct Context;

// A float, double or vector in a vector register.
typedef float F32x4 __attribute__((vector_size(16)));
typedef double F64x2 __attribute__((vector_size(16)));
typedef std::uint64_t Vec __attribute__((vector_size(16)));

#if defined(__clang__)
#define WHERRY_HANDLER_CC __attribute__((preserve_none, section("wherry_interp")))
#define WHERRY_HANDLER_TYPE __attribute__((preserve_none))
#define WHERRY_TAIL [[clang::musttail]] return
#else
#define WHERRY_HANDLER_TYPE
#define WHERRY_HANDLER_CC
#define WHERRY_TAIL return
#endif

// Part of the handler that it is called in, whatever the build: what may fault has to be in their section.
#define WHERRY_INLINED __attribute__((always_inline)) inline

#define WHERRY_HANDLER_PARAMETERS                                                                 \
  [[maybe_unused]] const Slot *pc, [[maybe_unused]] Slot *fp, [[maybe_unused]] std::uint8_t *mem, \
      [[maybe_unused]] Context *context, [[maybe_unused]] std::uint64_t acc,                      \
      [[maybe_unused]] Vec vacc

typedef WHERRY_HANDLER_TYPE void (*Handler)(const Slot* pc, Slot* fp, std::uint8_t* mem,
                                            Context* context, std::uint64_t acc, Vec vacc);

// Jumps to the instruction at `at`.
#define WHERRY_GO(at)                                                                  \
  do {                                                                                 \
    const Slot* go_to = (at);                                                          \
    WHERRY_TAIL reinterpret_cast<Handler>(*go_to)(go_to, fp, mem, context, acc, vacc); \
  } while (false)
#define WHERRY_NEXT(words) WHERRY_GO(pc + (words))

// Leaves the guest. The frame tells where it was.
#define WHERRY_TRAP(trap_kind)   \
  do {                           \
    context->trap = (trap_kind); \
    context->trap_frame = fp;    \
    return;                      \
  } while (false)

// Whether the frame is in the register that preserve_none gives the second parameter for as long as a
// handler runs: so it is where the compiler has no reason to move it, which instrumentation gives it.
#if defined(__clang__) && defined(__x86_64__)
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define WHERRY_FRAME_IN_REGISTER
#endif
#endif

// Before an access that may fault: where the fault's handler finds the frame.
#ifdef WHERRY_FRAME_IN_REGISTER
#define WHERRY_MAY_FAULT() \
  do {                     \
  } while (false)
#else
#define WHERRY_MAY_FAULT()             \
  do {                                 \
    context->frame = fp;               \
    __asm__ volatile("" ::: "memory"); \
  } while (false)
#endif

inline constexpr std::int32_t kHeaderSlots = 3;
inline constexpr std::int32_t kReturnPc = 0;
inline constexpr std::int32_t kCallerFrame = 1;
inline constexpr std::int32_t kFunction = 2;

// What a handler needs beside its registers; one per Store.
struct Context : abi::Runtime {
  Slot* stack_begin = nullptr;
  Slot* stack_end = nullptr;
  Slot* frame = nullptr;  // where a host call or a fault finds the guest
  Slot* trap_frame = nullptr;
  TrapKind trap = TrapKind::None;
  bool failed = false;  // an exception waits in the Store for the entry to rethrow
  Store::Impl* store = nullptr;
};

// Operand fields of word 1.
template <typename T>
inline T field(const Slot* pc, unsigned byte) {
  T value;
  std::memcpy(&value, reinterpret_cast<const char*>(pc + 1) + byte, sizeof value);
  return value;
}
inline std::int64_t d_of(const Slot* pc) { return field<std::int16_t>(pc, 0); }
inline std::int64_t a_of(const Slot* pc) { return field<std::int16_t>(pc, 2); }
inline std::int64_t b_of(const Slot* pc) { return field<std::int16_t>(pc, 4); }
inline std::int64_t c_of(const Slot* pc) { return field<std::int16_t>(pc, 6); }
inline std::uint64_t offset_of(const Slot* pc) { return field<std::uint32_t>(pc, 4); }
inline std::int64_t imm_of(const Slot* pc) { return field<std::int32_t>(pc, 4); }
inline std::int64_t target_of(const Slot* pc) { return field<std::int32_t>(pc, 4); }

template <typename T>
inline T get_slot(const Slot* fp, std::int64_t slot) {
  T value;
  std::memcpy(&value, fp + slot, sizeof value);
  return value;
}
template <typename T>
inline void set_slot(Slot* fp, std::int64_t slot, T value) {
  std::memcpy(fp + slot, &value, sizeof value);
}

template <typename T>
inline T of_vec(Vec vec) {
  if constexpr (sizeof(T) == 16) {
    return __builtin_bit_cast(T, vec);
  } else if constexpr (sizeof(T) == 8) {
    return __builtin_bit_cast(F64x2, vec)[0];
  } else {
    return __builtin_bit_cast(F32x4, vec)[0];
  }
}
// The lanes above a float are anything: nobody reads them.
template <typename T>
inline Vec to_vec(T value) {
  if constexpr (sizeof(T) == 16) {
    return __builtin_bit_cast(Vec, value);
  } else if constexpr (sizeof(T) == 8) {
    F64x2 wide = {value, value};
    return __builtin_bit_cast(Vec, __builtin_shufflevector(wide, wide, 0, -1));
  } else {
    F32x4 wide = {value, value, value, value};
    return __builtin_bit_cast(Vec, __builtin_shufflevector(wide, wide, 0, -1, -1, -1));
  }
}

}  // namespace wherry::wasm::interp
