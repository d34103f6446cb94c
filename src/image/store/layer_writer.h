// A layer being written: a tar archive, compressed, stored as a blob.
//
// Equal entries in equal order give equal bytes: no clock, no user and no machine shows in them.
// The caller decides on order, owners and times. Entries with names that plain tar has no room for,
// or with extended attributes, get a pax header.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"
#include "image/store/blob.h"
#include "oci/image.h"

namespace wherry::image {

enum class EntryType : std::uint8_t { File, Directory, SymbolicLink, HardLink };

struct LayerEntry {
  EntryType type = EntryType::File;
  std::string path;  // relative to the root, no '.' or '..', no '/' at either end
  std::string link_target;
  std::uint64_t size = 0;  // of a File
  std::uint32_t mode = 0644;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime = 0;  // seconds since 1970
  std::map<std::string, std::string> xattrs;
};

struct WrittenLayer {
  oci::Descriptor descriptor;
  Digest diff_id;
};

enum class Compression : std::uint8_t { None, Gzip };

class LayerWriter {
 public:
  // A blob from Store::create_blob(). Requires: a Lease until an image refers to the layer.
  LayerWriter(BlobWriter blob, Compression compression);
  ~LayerWriter();
  LayerWriter(LayerWriter&&) noexcept;
  LayerWriter& operator=(LayerWriter&&) = delete;

  // Throws Error "layer entry 'path': …".
  void add(const LayerEntry& entry);
  // The contents of the File added last: exactly its size in all before the next call of another.
  void write(ByteSpan bytes);

  // Stores the layer. Requires: called once, last.
  WrittenLayer finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wherry::image
