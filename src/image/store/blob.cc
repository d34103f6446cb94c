#include "image/store/blob.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "os/file.h"

namespace wherry::image {

BlobWriter::BlobWriter(int tmp, int blobs) : tmp_(tmp), blobs_(blobs), name_(os::unique_name()) {
  // Readable by all as any OCI layout is; who may enter the store is its folder's business.
  file_ = os::Fd(sys(
      [&] { return ::openat(tmp_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644); },
      "create a blob"));
}

BlobWriter::BlobWriter(BlobWriter&& other) noexcept
    : tmp_(other.tmp_),
      blobs_(other.blobs_),
      name_(std::move(other.name_)),
      file_(std::move(other.file_)),
      sha_(std::move(other.sha_)),
      size_(other.size_) {}

BlobWriter::~BlobWriter() {
  if (file_.is_open()) ::unlinkat(tmp_, name_.c_str(), 0);
}

void BlobWriter::write(ByteSpan bytes) {
  in_context([] { return std::string("write a blob"); },
             [&] { os::write_all(file_.get(), bytes); });
  sha_.update(bytes);
  size_ += bytes.size();
}

StoredBlob BlobWriter::commit(const std::optional<Digest>& expected) {
  WHERRY_CHECK(file_.is_open());
  StoredBlob stored{.digest = sha_.finish(), .size = size_};
  if (expected && *expected != stored.digest) {
    fail(ErrorKind::DataLoss, "blob {} is corrupt: its contents are {}", to_string(*expected),
         to_string(stored.digest));
  }
  std::string hex = stored.digest.hex();
  sys([&] { return ::fsync(file_.get()); }, "sync blob sha256:{}", hex);
  // A blob of the same digest is replaced by the same bytes, and so repaired where it was damaged.
  sys([&] { return ::renameat(tmp_, name_.c_str(), blobs_, hex.c_str()); }, "store blob sha256:{}",
      hex);
  file_.reset();
  sys([&] { return ::fsync(blobs_); }, "sync the folder of blobs");
  return stored;
}

BlobReader::BlobReader(os::Fd file, const Digest& digest, std::uint64_t size)
    : file_(std::move(file)), digest_(digest), size_(size) {}

std::size_t BlobReader::read(std::span<std::uint8_t> buffer) {
  std::size_t got = os::read_full(file_.get(), buffer);
  sha_.update(buffer.first(got));
  if (got < buffer.size() && !verified_) {
    Digest actual = sha_.finish();
    if (actual != digest_) {
      fail(ErrorKind::DataLoss, "blob {} is corrupt: its contents are {}", to_string(digest_),
           to_string(actual));
    }
    verified_ = true;
    return got;
  }
  return got;
}

}  // namespace wherry::image
