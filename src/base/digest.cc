#include "base/digest.h"

// The plain functions of SHA-256 rather than EVP, which sets up all of OpenSSL first: it reads the
// machine's openssl.cnf and costs a millisecond at every start, and several megabytes in every program.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/error.h"

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

struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  WHERRY_CHECK(SHA256_Init(&state_->context) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteSpan bytes) {
  WHERRY_CHECK(SHA256_Update(&state_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest;
  WHERRY_CHECK(SHA256_Final(digest.sha256.data(), &state_->context) == 1);
  return digest;
}

Digest digest_of(ByteSpan bytes) {
  Sha256 sha;
  sha.update(bytes);
  return sha.finish();
}

}  // namespace wherry
