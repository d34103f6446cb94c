// The binary format's numbers, names and vectors, read from a part of a module (core
// spec 5.1, 5.2).
//
// Every function throws Error(InvalidArgument) "malformed module at offset 0x..: ..." for bytes
// that are not what it reads. The bytes must outlive the Reader.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "wasm/format/types.h"

namespace wherry::wasm {

[[noreturn]] void throw_malformed(std::size_t offset, std::string_view rule);
[[noreturn]] void throw_over_limit(std::size_t offset, std::string_view limit);

class Reader {
 public:
  // Reads bytes, a part of the module that starts at module.data().
  Reader(ByteSpan module, ByteSpan bytes)
      : start_(module.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const { return at_ == end_; }
  ByteSpan rest() const { return {at_, remaining()}; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  // From the start of the module.
  std::size_t offset() const { return static_cast<std::size_t>(at_ - start_); }

  std::uint8_t byte() {
    if (at_ == end_) unexpected_end();
    return *at_++;
  }

  // Requires: not at_end().
  std::uint8_t peek() const { return *at_; }

  std::uint32_t u32() {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    return u32_long();
  }
  std::int32_t s32() {
    // The sign bit of a one-byte number is bit 6.
    if (at_ != end_ && *at_ < 0x80) return static_cast<std::int8_t>(*at_++ << 1) >> 1;
    return static_cast<std::int32_t>(signed_long(32));
  }
  std::int64_t s33() { return signed_long(33); }
  std::int64_t s64() { return signed_long(64); }

  ByteSpan bytes(std::size_t count) {
    if (count > remaining()) malformed("length out of bounds");
    ByteSpan result(at_, count);
    at_ += count;
    return result;
  }
  void skip(std::size_t count) {
    if (count > remaining()) unexpected_end();
    at_ += count;
  }

  // A vector's length, at most `limit`; what names its items in messages, as in "functions".
  std::uint32_t count(std::uint32_t limit, std::string_view what);
  // A length-prefixed name, checked to be UTF-8.
  std::string_view name();
  // A length-prefixed part, as a Reader of its own.
  Reader part(std::uint32_t size);

  ValType value_type();
  ValType reference_type();
  void zero_byte();

  [[noreturn]] void malformed(std::string_view rule) const { throw_malformed(offset(), rule); }

 private:
  std::uint32_t u32_long();
  std::int64_t signed_long(unsigned bits);
  [[noreturn]] void unexpected_end() const;

  const std::uint8_t* start_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

// Whether the bytes are UTF-8 as Unicode defines it: no surrogates, no overlong forms.
bool is_utf8(ByteSpan bytes) noexcept;

}  // namespace wherry::wasm
