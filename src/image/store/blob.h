// Blobs of an OCI Image Layout: files named by the digest of what is in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "os/fd.h"

namespace wherry::image {

struct StoredBlob {
  Digest digest;
  std::uint64_t size = 0;
};

// A blob being written. Until commit() returns it is a temporary file, which goes with the writer.
class BlobWriter {
 public:
  // tmp and blobs are directories of one file system; both must outlive the writer.
  BlobWriter(int tmp, int blobs);
  ~BlobWriter();
  BlobWriter(BlobWriter&& other) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;

  // Throws Error "write blob: …".
  void write(ByteSpan bytes);

  // Puts the blob on disk under its digest. Writing what is there already is success. Throws
  // DataLoss where expected is given and is not what was written. Requires: called once.
  StoredBlob commit(const std::optional<Digest>& expected = std::nullopt);

 private:
  int tmp_;
  int blobs_;
  std::string name_;
  os::Fd file_;
  Sha256 sha_;
  std::uint64_t size_ = 0;
};

// Reads a blob from its beginning to its end, where its digest is verified.
class BlobReader {
 public:
  BlobReader(os::Fd file, const Digest& digest, std::uint64_t size);

  // At most buffer.size() bytes; none at the end. Throws DataLoss "blob sha256:… is corrupt" at the
  // end of a blob that is not what its name says.
  std::size_t read(std::span<std::uint8_t> buffer);

  std::uint64_t size() const { return size_; }

 private:
  os::Fd file_;
  Digest digest_;
  Sha256 sha_;
  std::uint64_t size_;
  bool verified_ = false;
};

}  // namespace wherry::image
