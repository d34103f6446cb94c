// A module's bytes, which do not change while the guest runs: function bodies are validated first and
// translated later, and a guest may be able to write the file it came from.
//
// Where the file's mount is read-only, or the file is outside of the container and its owner's alone to
// write, the bytes are a mapping of it. Anywhere else they are a copy, since a mapping shows what is written to the file; custom sections, which in most modules outweigh
// the rest and which nobody reads, are left out of it (their bytes are zero), all but their names and
// the section "name".
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "os/fd.h"

namespace wherry::container {

enum class Whereabouts : bool { InContainer, Outside };

class ModuleBytes {
 public:
  // Throws Error where the file is larger than max_bytes or cannot be read.
  ModuleBytes(const os::Fd& file, std::size_t max_bytes,
              Whereabouts whereabouts = Whereabouts::InContainer);
  ~ModuleBytes();
  ModuleBytes(const ModuleBytes&) = delete;
  ModuleBytes& operator=(const ModuleBytes&) = delete;
  ByteSpan bytes() const { return {start_, size_}; }

 private:
  void copy_sections(const os::Fd& file);
  void read(const os::Fd& file, std::size_t from, std::size_t count);

  std::uint8_t* start_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace wherry::container
