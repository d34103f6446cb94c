// v128 as lanes, and the operations on them that C++ does not spell in one expression (core spec
// 4.3.5 and the following).
#pragma once

#include <immintrin.h>

#include "wasm/engine/interp/handler.h"
#include "wasm/engine/interp/number.h"

namespace wherry::wasm::interp {

typedef i8 i8x16 __attribute__((vector_size(16)));
typedef u8 u8x16 __attribute__((vector_size(16)));
typedef i16 i16x8 __attribute__((vector_size(16)));
typedef u16 u16x8 __attribute__((vector_size(16)));
typedef i32 i32x4 __attribute__((vector_size(16)));
typedef u32 u32x4 __attribute__((vector_size(16)));
typedef i64 i64x2 __attribute__((vector_size(16)));
typedef u64 u64x2 __attribute__((vector_size(16)));
using f32x4 = F32x4;
using f64x2 = F64x2;
// What the compiler's intrinsics take.
using Raw = __m128i;
using RawFloat = __m128;
using RawDouble = __m128d;

template <typename V>
inline constexpr int kLanes = sizeof(V) / sizeof(V{}[0]);
template <typename V>
using LaneOf = std::remove_cvref_t<decltype(V{}[0])>;

template <typename V, typename From>
inline V splat(From from) {
  V result{};
  for (int i = 0; i < kLanes<V>; ++i) result[i] = static_cast<LaneOf<V>>(from);
  return result;
}

// Lane by lane; the compiler makes vector code of it where there is some.
template <typename Result, typename V, typename F>
inline Result map(V a, F f) {
  Result result{};
  for (int i = 0; i < (kLanes<V> < kLanes<Result> ? kLanes<V> : kLanes<Result>); ++i) {
    result[i] = f(a[i]);
  }
  return result;
}
template <typename V, typename F>
inline V zip(V a, V b, F f) {
  V result{};
  for (int i = 0; i < kLanes<V>; ++i) result[i] = f(a[i], b[i]);
  return result;
}

template <typename V>
inline V absolute(V a) {
  using Unsigned = std::make_unsigned_t<LaneOf<V>>;
  return map<V>(a, [](auto x) {
    return static_cast<LaneOf<V>>(x < 0 ? Unsigned{0} - static_cast<Unsigned>(x)
                                        : static_cast<Unsigned>(x));
  });
}
template <typename V>
inline V lesser(V a, V b) {
  return a < b ? a : b;
}
template <typename V>
inline V greater(V a, V b) {
  return a > b ? a : b;
}
template <typename V>
inline bool all_lanes(V a) {
  bool all = true;
  for (int i = 0; i < kLanes<V>; ++i) all &= a[i] != 0;
  return all;
}
// The lanes' sign bits.
template <typename V>
inline u32 bitmask(V a) {
  u32 mask = 0;
  for (int i = 0; i < kLanes<V>; ++i) mask |= static_cast<u32>(a[i] < 0) << i;
  return mask;
}
inline u8x16 popcount(u8x16 a) {
  return map<u8x16>(a, [](u8 x) { return static_cast<u8>(__builtin_popcount(x)); });
}
inline i16x8 q15_multiply(i16x8 a, i16x8 b) {
  return zip(a, b, [](i32 x, i32 y) {
    const i32 rounded = (x * y + 0x4000) >> 15;
    return static_cast<i16>(rounded > INT16_MAX ? INT16_MAX : rounded);
  });
}
// A lane index above 15 gives zero: pshufb looks at the top bit, so it is forced on.
inline u8x16 swizzle(u8x16 a, u8x16 indices) {
  const Raw clamped = _mm_adds_epu8(__builtin_bit_cast(Raw, indices), _mm_set1_epi8(0x70));
  return __builtin_bit_cast(u8x16, _mm_shuffle_epi8(__builtin_bit_cast(Raw, a), clamped));
}
inline Vec shuffle(Vec a, Vec b, Vec lanes) {
  const Raw indices = __builtin_bit_cast(Raw, lanes);
  const Raw from_a =
      _mm_shuffle_epi8(__builtin_bit_cast(Raw, a), _mm_adds_epu8(indices, _mm_set1_epi8(0x70)));
  const Raw from_b =
      _mm_shuffle_epi8(__builtin_bit_cast(Raw, b), _mm_sub_epi8(indices, _mm_set1_epi8(16)));
  return __builtin_bit_cast(Vec, _mm_or_si128(from_a, from_b));
}

template <typename V>
inline V low_half(u64 bytes) {
  return __builtin_bit_cast(V, u64x2{bytes, 0});
}
template <typename Wide, typename Narrow>
inline Wide widen_low(Narrow a) {
  Wide wide{};
  for (int i = 0; i < kLanes<Wide>; ++i) wide[i] = a[i];
  return wide;
}
template <typename Wide, typename Narrow>
inline Wide widen_high(Narrow a) {
  Wide wide{};
  for (int i = 0; i < kLanes<Wide>; ++i) wide[i] = a[i + kLanes<Wide>];
  return wide;
}
template <typename Wide, typename Narrow>
inline Wide add_pairs(Narrow a) {
  Wide wide{};
  for (int i = 0; i < kLanes<Wide>; ++i) {
    wide[i] = static_cast<LaneOf<Wide>>(LaneOf<Wide>{a[2 * i]} + LaneOf<Wide>{a[2 * i + 1]});
  }
  return wide;
}

template <typename V>
inline V float_abs(V a) {
  return map<V>(a, [](auto x) {
    if constexpr (sizeof x == 4)
      return __builtin_fabsf(x);
    else
      return __builtin_fabs(x);
  });
}
template <typename V>
inline V float_negate(V a) {
  return map<V>(a, [](auto x) { return float_neg(x); });
}
template <typename V>
inline V float_lesser(V a, V b) {
  return zip(a, b, [](auto x, auto y) { return float_min(x, y); });
}
template <typename V>
inline V float_greater(V a, V b) {
  return zip(a, b, [](auto x, auto y) { return float_max(x, y); });
}
template <typename Result, typename V>
inline Result truncate(V a) {
  return map<Result>(a, [](auto x) { return saturate<LaneOf<Result>, LaneOf<Result>>(x); });
}
template <typename Result, typename V>
inline Result convert(V a) {
  return map<Result>(a, [](auto x) { return static_cast<LaneOf<Result>>(x); });
}

}  // namespace wherry::wasm::interp
