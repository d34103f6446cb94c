// What a guest's file descriptor stands for, and the table that numbers them.
//
// Thread safety: a table and its descriptors belong to one thread.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/fd.h"
#include "os/path_at.h"
#include "wasm/wasi/abi.h"

namespace wherry::wasi {

// Directory entries read ahead of a guest that takes them in small pieces, and where each stands.
struct ReadAhead {
  std::vector<std::uint8_t> entries;   // as getdents64 wrote them
  std::uint64_t first = 0;             // how many entries of the directory come before them
  std::vector<std::uint64_t> offsets;  // [i] is the kernel's position after i + 1 entries
  // The entry that the last call stopped at: its place in entries, and its number.
  std::size_t place = 0;
  std::uint64_t number = 0;
};

struct Descriptor {
  os::Fd fd;
  Filetype type = Filetype::Unknown;
  Rights base = 0;
  Rights inheriting = 0;
  std::uint16_t flags = 0;  // fdflags

  // Of directories. InRoot only for a directory that is the root of its tree: below it, as for any
  // other directory, what leaves it is refused.
  os::Scope scope = os::Scope::Beneath;
  bool is_root = false;                // ".." of it is itself
  std::optional<std::string> preopen;  // the name the guest knows it by
  bool given = false;                  // one of Options::given
  std::unique_ptr<ReadAhead> read_ahead;
};

class DescriptorTable {
 public:
  explicit DescriptorTable(std::uint32_t limit) : limit_(limit) {}

  // Nothing where the number is not open. Valid until the next insert, renumber or close.
  Descriptor* find(std::uint32_t number) noexcept {
    return number < slots_.size() && slots_[number] ? &*slots_[number] : nullptr;
  }
  // Under the lowest free number; nothing where the table is full.
  std::optional<std::uint32_t> insert(Descriptor descriptor);
  // At a number of one's own choice, for the standard streams. Requires: it is free.
  void put(std::uint32_t number, Descriptor descriptor);
  // `to` becomes what `from` was, what it was is closed. Badf where either is not open.
  Errno renumber(std::uint32_t from, std::uint32_t to);
  // Badf, or what close() said.
  Errno close(std::uint32_t number);

 private:
  std::uint32_t limit_;
  std::vector<std::optional<Descriptor>> slots_;
};

// A descriptor for an open file, with every right that its kind can have and no flags.
Descriptor describe(os::Fd fd, const struct stat& status);

// The same of a file that somebody else opened, with the flags it has.
// Throws Error where fd cannot be looked at.
Descriptor describe_inherited(os::Fd fd);

Filetype filetype_of_mode(std::uint32_t mode) noexcept;

}  // namespace wherry::wasi
