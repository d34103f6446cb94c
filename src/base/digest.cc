#include "base/digest.h"

namespace wherry {

std::string Digest::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (std::uint8_t byte : sha256) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string to_string(const Digest& digest) { return "sha256:" + digest.hex(); }

std::optional<Digest> parse_digest(std::string_view text) {
  static constexpr std::string_view kPrefix = "sha256:";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (text.size() != 64) return std::nullopt;
  Digest digest;
  for (std::size_t i = 0; i < 64; ++i) {
    char c = text[i];
    int nibble = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (nibble < 0) return std::nullopt;
    digest.sha256[i / 2] = static_cast<std::uint8_t>(digest.sha256[i / 2] << 4 | nibble);
  }
  return digest;
}

}  // namespace wherry
