// Decisions of a generator, taken from a fuzzer's bytes. Where they run out, every decision is the
// first: generators put what ends soonest there.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace wherry::fuzz {

class Choices {
 public:
  explicit Choices(ByteSpan bytes) : bytes_(bytes) {}

  bool exhausted() const { return bytes_.empty(); }

  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }

  // One of 0 to count - 1. Requires: count > 0.
  std::uint32_t below(std::uint32_t count) {
    std::uint32_t value = byte();
    if (count > 256) value = value << 8 | byte();
    return value % count;
  }

  std::uint64_t bits() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }

 private:
  ByteSpan bytes_;
};

}  // namespace wherry::fuzz
