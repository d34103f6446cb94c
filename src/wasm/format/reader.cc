#include "wasm/format/reader.h"

#include "base/error.h"

namespace wherry::wasm {

void throw_malformed(std::size_t offset, std::string_view rule) {
  fail(ErrorKind::InvalidArgument, "malformed module at offset {:#x}: {}", offset, rule);
}

void throw_over_limit(std::size_t offset, std::string_view limit) {
  fail(ErrorKind::InvalidArgument, "module over a limit at offset {:#x}: {}", offset, limit);
}

void Reader::unexpected_end() const {
  throw_malformed(static_cast<std::size_t>(end_ - start_), "unexpected end of section or function");
}

std::uint32_t Reader::u32_long() {
  std::size_t start = offset();
  std::uint32_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    std::uint8_t next = byte();
    if (shift == 28 && next >= 0x80) throw_malformed(start, "integer representation too long");
    if (shift == 28 && next > 0x0f) throw_malformed(start, "integer too large");
    value |= static_cast<std::uint32_t>(next & 0x7f) << shift;
    if (next < 0x80) return value;
  }
}

std::int64_t Reader::signed_long(unsigned bits) {
  std::size_t start = offset();
  std::uint64_t value = 0;
  unsigned shift = 0;
  std::uint8_t next;
  do {
    next = byte();
    if (bits - shift < 8) {
      if (next >= 0x80) throw_malformed(start, "integer representation too long");
      // The bits that do not fit must all equal the sign.
      unsigned used = bits - shift;
      std::uint8_t unused = static_cast<std::uint8_t>((next & 0x7f) >> (used - 1));
      std::uint8_t all = static_cast<std::uint8_t>(0x7f >> (used - 1));
      if (unused != 0 && unused != all) throw_malformed(start, "integer too large");
    }
    value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
    shift += 7;
  } while (next >= 0x80);
  if (shift < 64 && (next & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
  return static_cast<std::int64_t>(value);
}

std::uint32_t Reader::count(std::uint32_t limit, std::string_view what) {
  std::size_t start = offset();
  std::uint32_t value = u32();
  // Every item takes a byte at least: a larger count cannot be met, and must not be reserved for.
  if (value > remaining()) unexpected_end();
  if (value > limit) throw_over_limit(start, fmt::format("{} {}, at most {}", value, what, limit));
  return value;
}

std::string_view Reader::name() {
  std::uint32_t length = u32();
  std::size_t start = offset();
  ByteSpan text = bytes(length);
  if (!is_utf8(text)) throw_malformed(start, "malformed UTF-8 encoding");
  return as_text(text);
}

Reader Reader::part(std::uint32_t size) {
  Reader result = *this;
  result.end_ = result.at_ + bytes(size).size();
  return result;
}

ValType Reader::value_type() {
  std::size_t start = offset();
  std::uint8_t code = byte();
  auto type = static_cast<ValType>(code);
  switch (type) {
    case ValType::I32:
    case ValType::I64:
    case ValType::F32:
    case ValType::F64:
    case ValType::V128:
    case ValType::FuncRef:
    case ValType::ExternRef:
      return type;
  }
  throw_malformed(start, fmt::format("malformed value type {:#04x}", code));
}

ValType Reader::reference_type() {
  std::size_t start = offset();
  std::uint8_t code = byte();
  auto type = static_cast<ValType>(code);
  if (is_reference(type)) return type;
  throw_malformed(start, fmt::format("malformed reference type {:#04x}", code));
}

void Reader::zero_byte() {
  std::size_t start = offset();
  if (byte() != 0) throw_malformed(start, "zero byte expected");
}

bool is_utf8(ByteSpan bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint8_t lead = bytes[at++];
    if (lead < 0x80) continue;
    unsigned following;
    // The first following byte is held to a narrower range after some leads (Unicode table 3-7).
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      following = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      following = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      following = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    for (; following > 0; --following) {
      if (at == bytes.size() || bytes[at] < low || bytes[at] > high) return false;
      ++at;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

}  // namespace wherry::wasm
