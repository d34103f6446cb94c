#include "container/workload/value_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/error.h"

namespace wherry::container {
namespace {

using wasm::ValType;
using wasm::Value;

// Two's complement of what was typed.
template <typename Unsigned>
std::optional<Unsigned> parse_integer(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  Unsigned magnitude = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!negative) return magnitude;
  constexpr Unsigned kLowest = Unsigned{1} << (std::numeric_limits<Unsigned>::digits - 1);
  if (magnitude > kLowest) return std::nullopt;
  return static_cast<Unsigned>(Unsigned{0} - magnitude);
}

template <typename Float>
std::optional<Float> parse_float(std::string_view text) {
  std::string copy(text);
  if (copy.empty() || copy.front() == ' ') return std::nullopt;
  char* end = nullptr;
  Float value;
  if constexpr (std::is_same_v<Float, float>) {
    value = std::strtof(copy.c_str(), &end);
  } else {
    value = std::strtod(copy.c_str(), &end);
  }
  if (end != copy.c_str() + copy.size()) return std::nullopt;
  return value;
}

}  // namespace

Value parse_value(ValType type, std::string_view text) {
  std::optional<Value> value;
  auto take = [&](auto parsed) {
    if (parsed) value = Value::of(type, *parsed);
  };
  switch (type) {
    case ValType::I32:
      take(parse_integer<std::uint32_t>(text));
      break;
    case ValType::I64:
      take(parse_integer<std::uint64_t>(text));
      break;
    case ValType::F32:
      take(parse_float<float>(text));
      break;
    case ValType::F64:
      take(parse_float<double>(text));
      break;
    default:
      fail(ErrorKind::InvalidArgument, "an argument of type {} cannot be typed",
           wasm::to_string(type));
  }
  if (!value) fail(ErrorKind::InvalidArgument, "'{}' is no {}", text, wasm::to_string(type));
  return *value;
}

std::string to_text(const Value& value) {
  switch (value.type) {
    case ValType::I32:
      return fmt::format("{}", value.as<std::int32_t>());
    case ValType::I64:
      return fmt::format("{}", value.as<std::int64_t>());
    case ValType::F32:
      return fmt::format("{}", value.as<float>());
    case ValType::F64:
      return fmt::format("{}", value.as<double>());
    case ValType::V128: {
      std::string text = "0x";
      for (auto byte = value.bits.rbegin(); byte != value.bits.rend(); ++byte) {
        text += fmt::format("{:02x}", *byte);
      }
      return text;
    }
    default:
      return value.is_null() ? "null" : std::string(wasm::to_string(value.type));
  }
}

}  // namespace wherry::container
