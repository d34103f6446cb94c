// A layer as it comes out of a blob: bytes that are decompressed, counted and digested on their way
// into libarchive's tar reader.
//
// Both steps are libarchive's: its raw format with the gzip and zstd filters, then its tar format.
// Between them stand our limits and the diff_id, which is the digest of what is decompressed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/digest.h"
#include "image/store/limits.h"

struct archive;

namespace wherry::image {

// Fills the buffer with the next bytes; fewer than asked only at the end. May throw.
using ByteSource = std::function<std::size_t(std::span<std::uint8_t>)>;

class LayerStream {
 public:
  LayerStream(ByteSource source, const UnpackLimits& limits);
  ~LayerStream();
  LayerStream(const LayerStream&) = delete;
  LayerStream& operator=(const LayerStream&) = delete;

  ::archive* tar() const;

  // To be called with the result of every libarchive call on tar(): throws what a callback met, or
  // the archive's own complaint. Warnings about names that cannot be represented are failures too.
  void check(std::int64_t result) const;

  // The next piece of what tar()'s entry holds, and where in it; nothing at its end. The bytes are good
  // until the next call. Throws as check() does.
  struct Piece {
    ByteSpan bytes;
    std::int64_t offset;
  };
  std::optional<Piece> next_piece() const;

  // Reads what is left, so that the whole source has been seen, and returns the diff_id.
  // Requires: called once, after tar()'s last entry.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wherry::image
