#include "spec/literal.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/bytes.h"
#include "base/error.h"

namespace wherry::spec {

using wasm::V128;
using wasm::ValType;
using wasm::Value;

namespace {

struct Unsigned {
  std::uint64_t value = 0;
  bool negative = false;
};

std::string without_underscores(std::string_view text) {
  std::string result(text);
  std::erase(result, '_');
  return result;
}

std::optional<Unsigned> parse_magnitude(std::string_view text) {
  std::string digits = without_underscores(text);
  Unsigned result;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    result.negative = digits[0] == '-';
    digits.erase(0, 1);
  }
  int base = 10;
  if (digits.starts_with("0x")) {
    base = 16;
    digits.erase(0, 2);
  }
  std::string_view allowed = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
  if (digits.empty() || digits.find_first_not_of(allowed) != std::string::npos) return std::nullopt;
  errno = 0;
  result.value = std::strtoull(digits.c_str(), nullptr, base);
  if (errno != 0) return std::nullopt;
  return result;
}

// How a floating-point type is laid out.
template <typename Bits>
struct Float;
template <>
struct Float<std::uint32_t> {
  static constexpr unsigned kMantissa = 23;
  static constexpr std::uint32_t kExponent = 0x7f800000;
  static std::uint32_t parse(const char* text, char** end) {
    float value = std::strtof(text, end);
    return load_little<std::uint32_t>(&value);
  }
};
template <>
struct Float<std::uint64_t> {
  static constexpr unsigned kMantissa = 52;
  static constexpr std::uint64_t kExponent = 0x7ff0000000000000;
  static std::uint64_t parse(const char* text, char** end) {
    double value = std::strtod(text, end);
    return load_little<std::uint64_t>(&value);
  }
};

template <typename Bits>
constexpr Bits kQuiet = Bits{1} << (Float<Bits>::kMantissa - 1);
template <typename Bits>
constexpr Bits kSign = Bits{1} << (sizeof(Bits) * 8 - 1);

template <typename Bits>
std::optional<Bits> parse_float(std::string_view text) {
  std::string_view rest = text;
  Bits sign = 0;
  if (rest.starts_with('-') || rest.starts_with('+')) {
    if (rest[0] == '-') sign = kSign<Bits>;
    rest.remove_prefix(1);
  }
  if (rest == "inf") return sign | Float<Bits>::kExponent;
  if (rest == "nan") return sign | Float<Bits>::kExponent | kQuiet<Bits>;
  if (rest.starts_with("nan:")) {
    std::optional<Unsigned> payload = parse_magnitude(rest.substr(4));
    if (!payload || payload->value == 0 || payload->value >> Float<Bits>::kMantissa != 0) {
      return std::nullopt;
    }
    return sign | Float<Bits>::kExponent | static_cast<Bits>(payload->value);
  }
  // What the C library reads beyond what scripts may say: "infinity", "nan(...)", spaces.
  if (rest.empty() || rest[0] < '0' || rest[0] > '9') return std::nullopt;
  std::string number = without_underscores(rest);
  char* end = nullptr;
  Bits bits = Float<Bits>::parse(number.c_str(), &end);
  if (*end != '\0') return std::nullopt;
  return sign | bits;
}

template <typename Bits>
bool matches_float(std::string_view expected, Bits found) {
  using Layout = Float<Bits>;
  if (expected == "nan:canonical") {
    return (found & ~kSign<Bits>) == (Layout::kExponent | kQuiet<Bits>);
  }
  if (expected == "nan:arithmetic") {
    Bits mask = Layout::kExponent | kQuiet<Bits>;
    return (found & mask) == mask;
  }
  std::optional<Bits> bits = parse_float<Bits>(expected);
  if (!bits) fail(ErrorKind::InvalidArgument, "'{}' is no number", expected);
  return *bits == found;
}

struct Shape {
  std::string_view name;
  unsigned lanes;
  bool is_float;
};
constexpr Shape kShapes[] = {{"i8x16", 16, false}, {"i16x8", 8, false}, {"i32x4", 4, false},
                             {"i64x2", 2, false},  {"f32x4", 4, true},  {"f64x2", 2, true}};

const Shape& shape_of(const Node& node) {
  for (const Shape& shape : kShapes) {
    if (node.items.size() == shape.lanes + 2 && node.items[1].is_atom(shape.name)) return shape;
  }
  fail(ErrorKind::InvalidArgument, "{} is no vector", describe(node));
}

std::uint64_t lane_bits(const Shape& shape, std::string_view text) {
  unsigned bits = 128 / shape.lanes;
  std::optional<std::uint64_t> value;
  if (!shape.is_float) {
    value = parse_integer(text, bits);
  } else if (bits == 32) {
    value = parse_f32(text);
  } else {
    value = parse_f64(text);
  }
  if (!value) fail(ErrorKind::InvalidArgument, "'{}' is no lane of {}", text, shape.name);
  return *value;
}

V128 vector_of(const Node& node) {
  const Shape& shape = shape_of(node);
  unsigned bytes = 16 / shape.lanes;
  V128 result{};
  for (unsigned i = 0; i < shape.lanes; ++i) {
    std::uint64_t lane = lane_bits(shape, node.items[i + 2].text);
    std::memcpy(result.data() + i * bytes, &lane, bytes);
  }
  return result;
}

bool matches_vector(const Node& expected, const V128& found) {
  const Shape& shape = shape_of(expected);
  unsigned bytes = 16 / shape.lanes;
  for (unsigned i = 0; i < shape.lanes; ++i) {
    const std::string& text = expected.items[i + 2].text;
    const std::uint8_t* lane = found.data() + i * bytes;
    if (shape.is_float && bytes == 4) {
      if (!matches_float(text, load_little<std::uint32_t>(lane))) return false;
    } else if (shape.is_float) {
      if (!matches_float(text, load_little<std::uint64_t>(lane))) return false;
    } else {
      std::uint64_t bits = lane_bits(shape, text);
      if (std::memcmp(&bits, lane, bytes) != 0) return false;
    }
  }
  return true;
}

const Node& only_operand(const Node& node) {
  if (node.items.size() == 2 && node.items[1].kind == Node::Kind::Atom) return node.items[1];
  fail(ErrorKind::InvalidArgument, "{} is no value", describe(node));
}

}  // namespace

std::optional<std::uint64_t> parse_integer(std::string_view text, unsigned bits) {
  std::optional<Unsigned> parsed = parse_magnitude(text);
  if (!parsed) return std::nullopt;
  std::uint64_t limit =
      parsed->negative ? std::uint64_t{1} << (bits - 1) : ~std::uint64_t{0} >> (64 - bits);
  if (parsed->value > limit) return std::nullopt;
  std::uint64_t value = parsed->negative ? 0 - parsed->value : parsed->value;
  return value & (~std::uint64_t{0} >> (64 - bits));
}

std::optional<std::uint32_t> parse_f32(std::string_view text) {
  return parse_float<std::uint32_t>(text);
}
std::optional<std::uint64_t> parse_f64(std::string_view text) {
  return parse_float<std::uint64_t>(text);
}

Value parse_value(const Node& node) {
  if (node.is_list("v128.const")) return Value::v128(vector_of(node));
  if (node.is_list("ref.null") && node.items.size() == 2) {
    if (node.items[1].is_atom("func")) return Value::null(ValType::FuncRef);
    if (node.items[1].is_atom("extern")) return Value::null(ValType::ExternRef);
  }
  if (node.is_list("ref.extern")) {
    std::optional<std::uint64_t> number = parse_integer(only_operand(node).text, 32);
    if (number) return Value::of(ValType::ExternRef, *number + 1);
  }
  std::optional<std::uint64_t> bits;
  ValType type = ValType::I32;
  if (node.is_list("i32.const")) {
    bits = parse_integer(only_operand(node).text, 32);
  } else if (node.is_list("i64.const")) {
    type = ValType::I64;
    bits = parse_integer(only_operand(node).text, 64);
  } else if (node.is_list("f32.const")) {
    type = ValType::F32;
    bits = parse_f32(only_operand(node).text);
  } else if (node.is_list("f64.const")) {
    type = ValType::F64;
    bits = parse_f64(only_operand(node).text);
  } else {
    fail(ErrorKind::Unimplemented, "{} is no value of WebAssembly 2.0", describe(node));
  }
  if (!bits) fail(ErrorKind::InvalidArgument, "{} is out of range", describe(node));
  return Value::of(type, *bits);
}

bool matches(const Node& expected, const Value& value) {
  if (expected.is_list("either")) {
    return std::any_of(expected.items.begin() + 1, expected.items.end(),
                       [&](const Node& choice) { return matches(choice, value); });
  }
  if (expected.is_list("f32.const")) {
    return value.type == ValType::F32 &&
           matches_float(only_operand(expected).text, value.as<std::uint32_t>());
  }
  if (expected.is_list("f64.const")) {
    return value.type == ValType::F64 &&
           matches_float(only_operand(expected).text, value.as<std::uint64_t>());
  }
  if (expected.is_list("v128.const")) {
    return value.type == ValType::V128 && matches_vector(expected, value.bits);
  }
  if (expected.items.size() == 1) {
    if (expected.is_list("ref.func")) return value.type == ValType::FuncRef && !value.is_null();
    if (expected.is_list("ref.extern")) return value.type == ValType::ExternRef && !value.is_null();
    if (expected.is_list("ref.null")) return is_reference(value.type) && value.is_null();
  }
  Value exact = parse_value(expected);
  std::size_t size = exact.type == ValType::I32 ? 4 : 8;
  return exact.type == value.type && std::memcmp(exact.bits.data(), value.bits.data(), size) == 0;
}

std::string describe(const Value& value) {
  switch (value.type) {
    case ValType::I32:
      return fmt::format("i32 {:#x}", value.as<std::uint32_t>());
    case ValType::I64:
      return fmt::format("i64 {:#x}", value.as<std::uint64_t>());
    case ValType::F32:
      return fmt::format("f32 {} ({:#x})", value.as<float>(), value.as<std::uint32_t>());
    case ValType::F64:
      return fmt::format("f64 {} ({:#x})", value.as<double>(), value.as<std::uint64_t>());
    case ValType::V128: {
      std::string text = "v128 bytes";
      for (std::uint8_t byte : value.bits) text += fmt::format(" {:02x}", byte);
      return text;
    }
    case ValType::FuncRef:
      return value.is_null() ? "null funcref" : "funcref";
    case ValType::ExternRef:
      return value.is_null() ? "null externref"
                             : fmt::format("externref {}", value.as<std::uint64_t>() - 1);
  }
  return "a value of unknown type";
}

std::string describe(const Node& node) {
  if (node.kind == Node::Kind::Atom) return node.text;
  if (node.kind == Node::Kind::String) return fmt::format("\"{}\"", node.text);
  std::string text = "(";
  for (const Node& item : node.items) {
    if (text.size() > 1) text += ' ';
    text += describe(item);
  }
  return text + ")";
}

}  // namespace wherry::spec
