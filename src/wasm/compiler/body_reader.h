// Reads the instructions of a validated body: nothing is checked again. Internal to wasm/compiler.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "wasm/format/instruction.h"
#include "wasm/format/opcodes.h"
#include "wasm/format/reader.h"

namespace wherry::wasm::compiler {

class BodyReader {
 public:
  explicit BodyReader(ByteSpan body) : body_(body), at_(body.data()) {}

  Opcode opcode() {
    const std::uint8_t byte = *at_++;
    if (byte != kPrefixNumeric && byte != kPrefixVector) return static_cast<Opcode>(byte);
    return static_cast<Opcode>(byte << 8 | (u32() & 0xff));
  }
  std::uint8_t byte() { return *at_++; }
  const std::uint8_t* at() const { return at_; }
  std::uint32_t u32() {
    std::uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
  }
  std::int64_t s64() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      shift += 7;
      if (!(byte & 0x80)) {
        if (shift < 64 && (byte & 0x40)) value |= ~std::uint64_t{0} << shift;
        return static_cast<std::int64_t>(value);
      }
    }
  }
  template <typename T>
  T fixed() {
    T value = load_little<T>(at_);
    at_ += sizeof value;
    return value;
  }
  // Of code that is never reached, which alone is read without being translated.
  void skip_immediates(Immediate kind) {
    Reader reader(body_, body_.subspan(static_cast<std::size_t>(at_ - body_.data())));
    skip_immediate(reader, kind);
    at_ = reader.rest().data();
  }

 private:
  ByteSpan body_;
  const std::uint8_t* at_;
};

}  // namespace wherry::wasm::compiler
