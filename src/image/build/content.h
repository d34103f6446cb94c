// The bytes of a file that a build puts into a layer, wherever they are.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "os/fd.h"

namespace wherry::build {

// One reading of a content, from its beginning.
class ContentReader {
 public:
  ContentReader() = default;
  ContentReader(const ContentReader&) = delete;
  ContentReader& operator=(const ContentReader&) = delete;
  virtual ~ContentReader() = default;

  // At most buffer.size() bytes; none at the end. Throws Error where they cannot be read, or are no
  // longer what they were.
  virtual std::size_t read(std::span<std::uint8_t> buffer) = 0;
};

// Immutable; may be read more than once and gives the same bytes each time, or fails.
class Content {
 public:
  Content() = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  virtual ~Content() = default;

  // The content must outlive the reader.
  virtual std::unique_ptr<ContentReader> open() const = 0;
};

using ContentPtr = std::shared_ptr<const Content>;

ContentPtr text_content(std::string text);

// What a regular file was when it was found; reading it fails once it is another one.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_seconds = 0;
  std::int64_t mtime_nanoseconds = 0;

  bool operator==(const FileIdentity&) const = default;
};
// path is resolved beneath directory, which must outlive the content.
ContentPtr file_content(int directory, std::string path, const FileIdentity& identity);

// Part of a file without a name that several contents share.
ContentPtr spooled_content(std::shared_ptr<const os::Fd> spool, std::uint64_t offset,
                           std::uint64_t size);

// All bytes as a string. Throws where they are more than limit.
std::string read_all(const Content& content, std::size_t limit);

}  // namespace wherry::build
