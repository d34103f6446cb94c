// Values in scripts: arguments such as (i32.const 7), and the results an assertion expects.
#pragma once

#include <optional>
#include <string>

#include "spec/script.h"
#include "wasm/engine/value.h"

namespace wherry::spec {

// The bits of a number of 8, 16, 32 or 64 bits, signed or unsigned: "-1", "0xffff_ffff".
std::optional<std::uint64_t> parse_integer(std::string_view text, unsigned bits);

// The bits of a floating-point number: "1.5", "-0x1p-3", "inf", "nan", "nan:0x123".
std::optional<std::uint32_t> parse_f32(std::string_view text);
std::optional<std::uint64_t> parse_f64(std::string_view text);

// (i32.const 1), (v128.const i32x4 1 2 3 4), (ref.null func), (ref.extern 3). Throws
// Error(Unimplemented) where the value's type is none of WebAssembly 2.0.
wasm::Value parse_value(const Node& node);

// Whether a value is what an assertion expects: a value as above, nan:canonical and nan:arithmetic,
// (ref.func), (ref.extern), (ref.null), (either ...). Throws as parse_value() does.
bool matches(const Node& expected, const wasm::Value& value);

// For messages: "i32 0x7", "v128 0x00112233445566778899aabbccddeeff".
std::string describe(const wasm::Value& value);
std::string describe(const Node& node);

}  // namespace wherry::spec
