// What the functions of preview 1 work on, and how they reach guest memory.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/engine/engine.h"
#include "wasm/wasi/descriptor.h"
#include "wasm/wasi/wasi.h"

namespace wherry::wasi {

using wasm::GuestMemory;

// Strings in the form args_get and environ_get hand them over.
struct StringList {
  std::string bytes;                   // each with its NUL
  std::vector<std::uint32_t> offsets;  // of each in bytes
};

// Throws Error(InvalidArgument) as the constructor of Wasi says; what names them in the message.
StringList make_string_list(const std::vector<std::string>& strings, std::string_view what);

struct State {
  explicit State(Options options);

  StringList arguments;
  StringList environment;
  DescriptorTable descriptors;
  // Relative to an InRoot preopen, without the leading slash; empty for the root.
  std::string working_directory;
  os::Fd notify;  // not open where there is none
  std::string notify_path;
};

// A descriptor that is open and has all of `needed`, or why not.
struct Found {
  Descriptor* descriptor = nullptr;
  Errno error = Errno::Success;
  explicit operator bool() const { return descriptor != nullptr; }
  Descriptor* operator->() const { return descriptor; }
};
Found find(State& state, std::uint32_t number, Rights needed) noexcept;
// Not a directory, or Isdir: for what reads, writes and seeks.
Found find_file(State& state, std::uint32_t number, Rights needed) noexcept;
// A directory, or Notdir.
Found find_directory(State& state, std::uint32_t number, Rights needed) noexcept;
// A socket, or Notsock.
Found find_socket(State& state, std::uint32_t number, Rights needed) noexcept;

// The buffers of a scatter or gather call, checked; on the caller's stack.
class Vectors {
 public:
  // Inval for more than kMaxVectors, Fault where a buffer is not all in the memory.
  Errno read(const GuestMemory& memory, std::uint32_t address, std::uint32_t count) noexcept;
  const iovec* data() const { return vectors_; }
  int size() const { return size_; }

 private:
  iovec vectors_[kMaxVectors];
  int size_ = 0;
};

// A path argument. Noent for an empty one, Nametoolong, Inval with a NUL in it, Notcapable where it
// is absolute: preview 1 names everything relative to a descriptor.
Errno read_path(const GuestMemory& memory, std::uint32_t address, std::uint32_t length,
                std::string& path);

// A file offset or size: what does not fit the kernel's signed one is nothing.
inline std::optional<off_t> to_offset(std::uint64_t value) {
  return value > static_cast<std::uint64_t>(INT64_MAX)
             ? std::nullopt
             : std::optional<off_t>(static_cast<off_t>(value));
}

// Calls until it is not interrupted; -1 with errno as the call leaves it.
template <typename Call>
auto retrying(Call&& call) {
  for (;;) {
    auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

inline Errno success_or_errno(int result) noexcept {
  return result == 0 ? Errno::Success : errno_of(errno);
}

template <typename T>
Errno give(const GuestMemory& memory, std::uint32_t address, T value) {
  return memory.store(address, value) ? Errno::Success : Errno::Fault;
}

}  // namespace wherry::wasi
