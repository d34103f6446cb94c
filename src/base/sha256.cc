// Taking digests, apart from writing and reading them (digest.cc): OpenSSL asks the processor for its
// features at the start of every program that links it, and the runtime takes no digest.
#include "base/digest.h"

// The plain functions of SHA-256 rather than EVP, which sets up all of OpenSSL first: it reads the
// machine's openssl.cnf and costs a millisecond at every start, and several megabytes in every program.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/error.h"

namespace wherry {

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
