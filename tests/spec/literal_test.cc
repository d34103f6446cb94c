#include "spec/literal.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::spec {
namespace {

using wasm::ValType;
using wasm::Value;

Node node(std::string_view text) { return parse_script(text).at(0); }
bool fits(std::string_view expected, const Value& value) { return matches(node(expected), value); }

TEST(Literal, Integers) {
  EXPECT_EQ(parse_integer("-1", 32), 0xffffffffu);
  EXPECT_EQ(parse_integer("0xffff_ffff", 32), 0xffffffffu);
  EXPECT_EQ(parse_integer("-0x80", 8), 0x80u);
  EXPECT_EQ(parse_integer("256", 8), std::nullopt);
  EXPECT_EQ(parse_integer("-129", 8), std::nullopt);
  EXPECT_EQ(parse_integer("18446744073709551615", 64), ~0ull);
  EXPECT_EQ(parse_integer("18446744073709551616", 64), std::nullopt);
  EXPECT_EQ(parse_integer("-0x8000000000000000", 64), 1ull << 63);
  EXPECT_EQ(parse_integer("", 32), std::nullopt);
  EXPECT_EQ(parse_integer("0x", 32), std::nullopt);
  EXPECT_EQ(parse_integer("1x", 32), std::nullopt);
}

TEST(Literal, Floats) {
  EXPECT_EQ(parse_f32("1"), 0x3f800000u);
  EXPECT_EQ(parse_f32("-0x1p-149"), 0x80000001u);
  EXPECT_EQ(parse_f32("inf"), 0x7f800000u);
  EXPECT_EQ(parse_f32("-nan"), 0xffc00000u);
  EXPECT_EQ(parse_f32("nan:0x200000"), 0x7fa00000u);
  EXPECT_EQ(parse_f32("nan:0x800000"), std::nullopt);
  EXPECT_EQ(parse_f32("nan:0"), std::nullopt);
  EXPECT_EQ(parse_f32("infinity"), std::nullopt);
  EXPECT_EQ(parse_f64("0x1.fff_fff_fff_fff_fp+1023"), 0x7fefffffffffffffu);
  EXPECT_EQ(parse_f64("6.02_2e23"), 0x44dfe154f457ea13u);
  EXPECT_EQ(parse_f64("-nan:0x4000000000000"), 0xfff4000000000000u);
}

TEST(Literal, Values) {
  EXPECT_EQ(parse_value(node("(i64.const -2)")).as<std::uint64_t>(), ~1ull);
  EXPECT_EQ(parse_value(node("(ref.extern 3)")).as<std::uint64_t>(), 4u);
  EXPECT_TRUE(parse_value(node("(ref.null func)")).is_null());
  Value vector = parse_value(node("(v128.const i16x8 0 1 2 3 4 5 6 -1)"));
  EXPECT_EQ(vector.bits[2], 1u);
  EXPECT_EQ(vector.bits[15], 0xffu);
  EXPECT_THROW(parse_value(node("(ref.null any)")), Error);
  EXPECT_THROW(parse_value(node("(v128.const i32x4 1 2 3)")), Error);
}

TEST(Literal, Matching) {
  EXPECT_TRUE(fits("(i32.const 0xffffffff)", Value::i32(~0u)));
  EXPECT_FALSE(fits("(i32.const 1)", Value::i64(1)));
  EXPECT_FALSE(fits("(f32.const 0)", Value::f32(-0.0f)));
  EXPECT_TRUE(fits("(f32.const nan:canonical)", Value::of(ValType::F32, 0xffc00000u)));
  EXPECT_FALSE(fits("(f32.const nan:canonical)", Value::of(ValType::F32, 0x7fc00001u)));
  EXPECT_TRUE(fits("(f32.const nan:arithmetic)", Value::of(ValType::F32, 0x7fc00001u)));
  EXPECT_FALSE(fits("(f32.const nan:arithmetic)", Value::of(ValType::F32, 0x7fa00000u)));
  EXPECT_TRUE(fits("(f64.const nan:arithmetic)", Value::of(ValType::F64, 0x7ff8000000000001ull)));
  EXPECT_TRUE(fits("(either (i32.const 1) (i32.const 2))", Value::i32(2)));
  EXPECT_FALSE(fits("(either (i32.const 1) (i32.const 2))", Value::i32(3)));
  EXPECT_TRUE(fits("(ref.func)", Value::of(ValType::FuncRef, std::uint64_t{8})));
  EXPECT_FALSE(fits("(ref.func)", Value::null(ValType::FuncRef)));
  EXPECT_TRUE(fits("(ref.null)", Value::null(ValType::ExternRef)));
  EXPECT_TRUE(fits("(ref.extern 0)", Value::of(ValType::ExternRef, std::uint64_t{1})));
  Value vector = parse_value(node("(v128.const f32x4 1 nan -0 2)"));
  EXPECT_TRUE(matches(node("(v128.const f32x4 1 nan:canonical -0 2)"), vector));
  EXPECT_FALSE(matches(node("(v128.const f32x4 1 nan:canonical 0 2)"), vector));
}

}  // namespace
}  // namespace wherry::spec
