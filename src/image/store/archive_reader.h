// The entries of a tar archive, plain or compressed with gzip, bzip2, xz or zstd, in order.
//
// Reads what anybody wrote: names are given as they are, and mean nothing until a caller resolves
// them within something. Thread safety: one thread each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace wherry::image {

enum class ArchiveEntryType : std::uint8_t { File, Directory, SymbolicLink, HardLink, Special };

struct ArchiveEntry {
  ArchiveEntryType type = ArchiveEntryType::File;
  std::string path;
  std::string link_target;  // of links
  std::uint64_t size = 0;   // of a File
  std::uint32_t mode = 0;   // permission bits and set-id, sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime = 0;  // seconds since 1970
};

class ArchiveReader {
 public:
  // At most as many bytes as the span has; none at the end. What it throws passes through.
  using Source = std::function<std::size_t(std::span<std::uint8_t>)>;

  explicit ArchiveReader(Source source);
  ~ArchiveReader();
  ArchiveReader(ArchiveReader&&) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) = delete;

  // False where the bytes are no tar archive; asked once, first.
  bool is_archive();

  // The next entry, nothing after the last. Throws Error InvalidArgument on damage.
  std::optional<ArchiveEntry> next();

  // Bytes of the file that next() gave last, none at its end; never more than its size. Throws Error
  // InvalidArgument on damage.
  std::size_t read(std::span<std::uint8_t> buffer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wherry::image
