// Little-endian fields in a byte sequence, read with bounds checks.
//
// The one way bytes of a file or of a guest become numbers: no struct is ever laid over them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace wherry {

static_assert(std::endian::native == std::endian::little, "Wherry runs on little-endian machines");

using ByteSpan = std::span<const std::uint8_t>;

// The number stored at `at`. Requires: sizeof(T) readable bytes there; any alignment.
template <typename T>
  requires std::is_trivially_copyable_v<T>
T load_little(const void* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
  requires std::is_trivially_copyable_v<T>
void store_little(void* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

inline ByteSpan as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteSpan bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace wherry
