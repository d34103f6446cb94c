#include "container/workload/module_bytes.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace wherry::container {
namespace {

constexpr std::size_t kHeaderBytes = 8;  // magic number and version
constexpr std::size_t kMaxLebBytes = 5;
constexpr std::uint8_t kCustomSection = 0;

bool on_read_only_mount(const os::Fd& file) {
  struct statvfs status{};
  return ::fstatvfs(file.get(), &status) == 0 && (status.f_flag & ST_RDONLY);
}

// An unsigned LEB128 of 32 bits and where it ends; nothing where the bytes hold none.
struct Leb {
  std::size_t value;
  std::size_t end;
};
std::optional<Leb> leb_at(ByteSpan bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < kMaxLebBytes && at + i < bytes.size(); ++i) {
    value |= static_cast<std::size_t>(bytes[at + i] & 0x7f) << (7 * i);
    if (!(bytes[at + i] & 0x80)) return Leb{value, at + i + 1};
  }
  return std::nullopt;
}

}  // namespace

ModuleBytes::ModuleBytes(const os::Fd& file, std::size_t max_bytes, Whereabouts whereabouts) {
  struct stat status{};
  sys([&] { return ::fstat(file.get(), &status); }, "stat");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) {
    fail(ErrorKind::InvalidArgument, "{} bytes are more than the limit of {}", size, max_bytes);
  }
  if (size == 0) return;
  const bool kept = whereabouts == Whereabouts::Outside && (status.st_mode & 0022) == 0;
  const bool shared = kept || on_read_only_mount(file);
  void* start =
      shared ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0)
             : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) fail_errno(errno, "map {} bytes", size);
  start_ = static_cast<std::uint8_t*>(start);
  size_ = size;
  if (!shared) copy_sections(file);
}

ModuleBytes::~ModuleBytes() {
  if (start_) ::munmap(start_, size_);
}

void ModuleBytes::read(const os::Fd& file, std::size_t from, std::size_t count) {
  count = std::min(count, size_ - from);
  for (std::size_t done = 0; done < count;) {
    auto got = static_cast<std::size_t>(sys(
        [&] {
          return ::pread(file.get(), start_ + from + done, count - done,
                         static_cast<off_t>(from + done));
        },
        "read"));
    if (got == 0) fail(ErrorKind::DataLoss, "the file became shorter while it was read");
    done += got;
  }
}

// What is no sequence of sections is copied as it is: the decoder says what is wrong with it.
void ModuleBytes::copy_sections(const os::Fd& file) {
  read(file, 0, kHeaderBytes);
  for (std::size_t at = std::min(kHeaderBytes, size_); at < size_;) {
    read(file, at, 1 + kMaxLebBytes);
    const std::optional<Leb> length = leb_at(bytes(), at + 1);
    if (!length || length->value > size_ - length->end) return read(file, at, size_ - at);
    const std::size_t end = length->end + length->value;
    if (start_[at] != kCustomSection) {
      read(file, length->end, length->value);
    } else {
      read(file, length->end, std::min(length->value, kMaxLebBytes));
      const std::optional<Leb> name = leb_at(bytes().first(end), length->end);
      if (!name || name->value > end - name->end) return read(file, at, size_ - at);
      read(file, name->end, name->value);
      const bool wanted = as_text(bytes().subspan(name->end, name->value)) == "name";
      if (wanted) read(file, length->end, length->value);
    }
    at = end;
  }
}

}  // namespace wherry::container
