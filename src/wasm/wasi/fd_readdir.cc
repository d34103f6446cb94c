// Directory entries in pieces as small as the guest likes.
//
// A cookie is the kernel's own position of the entry that follows (d_off), which its file systems
// keep stable, so a guest may stop anywhere, and go on later or from the start (cookie 0). What
// getdents64 returned is kept until a cookie leads out of it: a guest that takes one entry at a
// time costs no more system calls than one that takes all.
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

// Fills ahead from where the directory's own position is.
Errno refill(int fd, ReadAhead& ahead, u64 start) {
  ahead.filled = false;
  ahead.entries.resize(kReadAheadBytes);
  long got = ::syscall(SYS_getdents64, fd, ahead.entries.data(), ahead.entries.size());
  if (got < 0) {
    // A directory that was removed has no entries left.
    if (errno != ENOENT) return errno_of(errno);
    got = 0;
  }
  ahead.entries.resize(static_cast<std::size_t>(got));
  ahead.start = start;
  ahead.filled = true;
  return Errno::Success;
}

// The place of the entry that cookie leads to; entries.size() where it is the one after the last.
// Nothing where it is not in what was read.
std::optional<std::size_t> find_cookie(const ReadAhead& ahead, u64 cookie) {
  if (!ahead.filled) return std::nullopt;
  if (cookie == ahead.start) return 0;
  for (std::size_t at = 0; at < ahead.entries.size();) {
    Entry entry = entry_at(ahead.entries, at);
    at += entry.size;
    if (entry.next == cookie) return at;
  }
  return std::nullopt;
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

void put_entry(GuestBuffer& buffer, const Entry& entry, u64 inode) {
  std::uint8_t header[kGuestHeader] = {};
  store_little<u64>(header, entry.next);
  store_little<u64>(header + 8, inode);
  store_little<u32>(header + 16, static_cast<u32>(entry.name.size()));
  store_little<std::uint8_t>(header + 20, static_cast<std::uint8_t>(filetype_of(entry.type)));
  buffer.put(header, sizeof header);
  buffer.put(entry.name.data(), entry.name.size());
}

// Brings the entry of cookie into ahead; its place, or entries.size() at the end.
Errno seek_cookie(int fd, ReadAhead& ahead, u64 cookie, std::size_t& at) {
  if (cookie != 0) {
    if (auto place = find_cookie(ahead, cookie)) {
      at = *place;
      return Errno::Success;
    }
  }
  auto offset = to_offset(cookie);
  if (!offset) return Errno::Inval;
  ahead.filled = false;
  if (::lseek(fd, *offset, SEEK_SET) < 0) return errno_of(errno);
  at = 0;
  return refill(fd, ahead, cookie);
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

  std::size_t at = 0;
  if (Errno error = seek_cookie(found->fd.get(), ahead, cookie, at); error != Errno::Success) {
    return error;
  }
  GuestBuffer out(*bytes);
  u64 next = cookie;
  while (!out.is_full()) {
    if (at == ahead.entries.size()) {
      if (ahead.entries.empty()) break;
      if (Errno error = refill(found->fd.get(), ahead, next); error != Errno::Success) return error;
      at = 0;
      continue;
    }
    Entry entry = entry_at(ahead.entries, at);
    u64 inode = entry.inode;
    // What is above the root of a tree is none of the guest's business.
    if (found->is_root && entry.name == "..") {
      struct stat self;
      if (::fstat(found->fd.get(), &self) == 0) inode = self.st_ino;
    }
    put_entry(out, entry, inode);
    at += entry.size;
    next = entry.next;
  }
  return give(memory, used_out, out.used());
}

}  // namespace wherry::wasi
