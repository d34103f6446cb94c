// Content digests as OCI writes them, "sha256:<64 hex digits>" (image-spec descriptor.md, Digests).
//
// Thread safety: Digest is a value; a Sha256 belongs to one thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wherry {

struct Digest {
  std::array<std::uint8_t, 32> sha256{};

  std::string hex() const;  // 64 lower-case digits
  auto operator<=>(const Digest&) const = default;
};

std::string to_string(const Digest& digest);  // "sha256:…"

// Nothing where the text is not a well-formed sha256 digest.
std::optional<Digest> parse_digest(std::string_view text);

// A digest taken piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteSpan bytes);
  // Requires: not called before on this object.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest digest_of(ByteSpan bytes);

}  // namespace wherry
