// The scalar operations that C++ does not spell in one expression (core spec 4.3).
#pragma once

#include <smmintrin.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "wasm/engine/trap.h"

namespace wherry::wasm::interp {

using u8 = std::uint8_t;
using i8 = std::int8_t;
using u16 = std::uint16_t;
using i16 = std::int16_t;
using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

// NaN where either operand is, -0 below +0 (core spec 4.3.3, fmin).
template <typename T>
inline T float_min(T a, T b) {
  if (a < b) return a;
  if (b < a) return b;
  if (a == b) return __builtin_signbit(a) ? a : b;
  return a + b;
}
template <typename T>
inline T float_max(T a, T b) {
  if (a > b) return a;
  if (b > a) return b;
  if (a == b) return __builtin_signbit(a) ? b : a;
  return a + b;
}

// A change of the sign bit alone, of a NaN too.
inline float float_neg(float a) {
  return __builtin_bit_cast(float, __builtin_bit_cast(u32, a) ^ 0x80000000u);
}
inline double float_neg(double a) {
  return __builtin_bit_cast(double, __builtin_bit_cast(u64, a) ^ (u64{1} << 63));
}

#define WHERRY_ROUND(name, mode)                                            \
  inline float name(float a) {                                              \
    return _mm_cvtss_f32(_mm_round_ss(_mm_set_ss(a), _mm_set_ss(a), mode)); \
  }                                                                         \
  inline double name(double a) {                                            \
    return _mm_cvtsd_f64(_mm_round_sd(_mm_set_sd(a), _mm_set_sd(a), mode)); \
  }
WHERRY_ROUND(float_ceil, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)
WHERRY_ROUND(float_floor, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
WHERRY_ROUND(float_trunc, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)
WHERRY_ROUND(float_nearest, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#undef WHERRY_ROUND

// 2^n for the first value above Int's range, exact in every float type.
template <typename Int, typename Float>
constexpr Float above_max() {
  return static_cast<Float>(Int{1} << (std::numeric_limits<Int>::digits - 1)) * 2;
}

template <typename Int, typename Float>
inline TrapKind truncation_trap(Float a) {
  if (a != a) return TrapKind::InvalidConversion;
  bool above = a >= above_max<Int, Float>();
  bool below;
  if constexpr (std::is_unsigned_v<Int>) {
    below = a <= Float{-1};
  } else if constexpr (sizeof(Int) < sizeof(Float)) {
    below = a <= static_cast<Float>(std::numeric_limits<Int>::min()) - 1;
  } else {
    below = a < static_cast<Float>(std::numeric_limits<Int>::min());
  }
  return above || below ? TrapKind::IntegerOverflow : TrapKind::None;
}

template <typename Int, typename Result, typename Float>
inline Result saturate(Float a) {
  if (a != a) return 0;
  if (a >= above_max<Int, Float>()) return static_cast<Result>(std::numeric_limits<Int>::max());
  if (a <= static_cast<Float>(std::numeric_limits<Int>::min())) {
    return static_cast<Result>(std::numeric_limits<Int>::min());
  }
  return static_cast<Result>(static_cast<Int>(a));
}

}  // namespace wherry::wasm::interp
