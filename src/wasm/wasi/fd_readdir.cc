// Directory entries in pieces as small as the guest likes.
//
// A cookie is the number of entries before the one it leads to. The kernel's own positions (d_off) would
// do, but are 63 bits of hash on many file systems, and telldir() of a 32-bit guest keeps 31; so they are
// kept here, one for each entry that was given since the guest last started over (cookie 0). What
// getdents64 returned is kept too: a guest that takes one entry at a time costs no more system calls than
// one that takes all, and may remove what it has read meanwhile.
#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {
namespace {

constexpr std::size_t kReadAheadBytes = 32768;
constexpr std::size_t kGuestHeader = 24;
constexpr std::size_t kMaxEntries = 1u << 24;  // of one directory; their positions take 128 MiB

// One entry of getdents64(2).
struct Entry {
  u64 inode;
  u64 next;
  std::uint8_t type;
  std::string_view name;
  std::size_t size;  // of the record
};

Entry entry_at(const std::vector<std::uint8_t>& entries, std::size_t at) {
  const std::uint8_t* record = entries.data() + at;
  const char* name = reinterpret_cast<const char*>(record) + offsetof(dirent64, d_name);
  return {.inode = load_little<u64>(record + offsetof(dirent64, d_ino)),
          .next = load_little<u64>(record + offsetof(dirent64, d_off)),
          .type = load_little<std::uint8_t>(record + offsetof(dirent64, d_type)),
          .name = std::string_view(name),
          .size = load_little<std::uint16_t>(record + offsetof(dirent64, d_reclen))};
}

Filetype filetype_of(std::uint8_t type) {
  return type == DT_UNKNOWN ? Filetype::Unknown : filetype_of_mode(DTTOIF(type));
}

// Fills ahead from where the directory's own position is, after `first` entries.
Errno refill(int fd, ReadAhead& ahead, u64 first) {
  ahead.first = ahead.number = first;
  ahead.place = 0;
  ahead.entries.resize(kReadAheadBytes);
  long got = ::syscall(SYS_getdents64, fd, ahead.entries.data(), ahead.entries.size());
  int error = got < 0 ? errno : 0;
  ahead.entries.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  // A directory that was removed has no entries left.
  return error == ENOENT ? Errno::Success : errno_of(error);
}

// Moves to the entry of cookie within what was read; false where it is not there.
bool find_cookie(ReadAhead& ahead, u64 cookie) {
  if (cookie < ahead.first || ahead.entries.empty()) return false;
  if (cookie < ahead.number) {
    ahead.place = 0;
    ahead.number = ahead.first;
  }
  while (ahead.number < cookie && ahead.place < ahead.entries.size()) {
    ahead.place += entry_at(ahead.entries, ahead.place).size;
    ++ahead.number;
  }
  return ahead.number == cookie;
}

// Makes the entry of cookie the next one.
Errno seek_cookie(int fd, ReadAhead& ahead, u64 cookie) {
  if (cookie > ahead.offsets.size()) return Errno::Inval;
  if (cookie != 0 && find_cookie(ahead, cookie)) return Errno::Success;
  u64 offset = cookie == 0 ? 0 : ahead.offsets[cookie - 1];
  if (cookie == 0) ahead.offsets.clear();
  ahead.entries.clear();
  if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0) return errno_of(errno);
  return refill(fd, ahead, cookie);
}

// Notes where the entry after this one stands.
Errno note_offset(ReadAhead& ahead, u64 offset) {
  if (ahead.number == ahead.offsets.size()) {
    if (ahead.offsets.size() == kMaxEntries) return Errno::Overflow;
    ahead.offsets.push_back(offset);
  } else {
    ahead.offsets[ahead.number] = offset;
  }
  return Errno::Success;
}

class GuestBuffer {
 public:
  explicit GuestBuffer(std::span<std::uint8_t> bytes) : bytes_(bytes) {}
  bool is_full() const { return used_ == bytes_.size(); }
  u32 used() const { return static_cast<u32>(used_); }
  // As much of it as there is room for.
  void put(const void* data, std::size_t size) {
    size = std::min(size, bytes_.size() - used_);
    if (size != 0) std::memcpy(bytes_.data() + used_, data, size);
    used_ += size;
  }

 private:
  std::span<std::uint8_t> bytes_;
  std::size_t used_ = 0;
};

void put_entry(GuestBuffer& buffer, const Entry& entry, u64 cookie, u64 inode) {
  std::uint8_t header[kGuestHeader] = {};
  store_little<u64>(header, cookie);
  store_little<u64>(header + 8, inode);
  store_little<u32>(header + 16, static_cast<u32>(entry.name.size()));
  store_little<std::uint8_t>(header + 20, static_cast<std::uint8_t>(filetype_of(entry.type)));
  buffer.put(header, sizeof header);
  buffer.put(entry.name.data(), entry.name.size());
}

// What is above the root of a tree is none of the guest's business.
u64 inode_of(const Descriptor& directory, const Entry& entry) {
  struct stat self;
  bool hidden = directory.is_root && entry.name == "..";
  return hidden && ::fstat(directory.fd.get(), &self) == 0 ? self.st_ino : entry.inode;
}

}  // namespace

Errno fd_readdir(State& state, Memory memory, u32 fd, u32 buffer, u32 length, u64 cookie,
                 u32 used_out) {
  Found found = find_directory(state, fd, rights::kFdReaddir);
  if (!found) return found.error;
  auto bytes = memory.bytes(buffer, length);
  if (!bytes || !memory.bytes(used_out, sizeof(u32))) return Errno::Fault;
  if (!found->read_ahead) found->read_ahead = std::make_unique<ReadAhead>();
  ReadAhead& ahead = *found->read_ahead;

  int host = found->fd.get();
  if (Errno error = seek_cookie(host, ahead, cookie); error != Errno::Success) return error;
  GuestBuffer out(*bytes);
  while (!out.is_full()) {
    if (ahead.place == ahead.entries.size()) {
      if (ahead.entries.empty()) break;
      if (Errno error = refill(host, ahead, ahead.number); error != Errno::Success) return error;
      continue;
    }
    Entry entry = entry_at(ahead.entries, ahead.place);
    if (Errno error = note_offset(ahead, entry.next); error != Errno::Success) return error;
    put_entry(out, entry, ahead.number + 1, inode_of(*found.descriptor, entry));
    ahead.place += entry.size;
    ++ahead.number;
  }
  return give(memory, used_out, out.used());
}

}  // namespace wherry::wasi
