#include <cerrno>

#include "wasm/wasi/abi.h"

namespace wherry::wasi {

Errno errno_of(int host) noexcept {
  struct Row {
    int host;
    Errno guest;
  };
  static constexpr Row kRows[] = {
#define WASI_ERRNO(name, number, host) {host, Errno::name},
#include "wasm/wasi/errno.def"
#undef WASI_ERRNO
  };
  for (const Row& row : kRows) {
    if (row.host == host) return row.guest;
  }
  return Errno::Io;
}

Errno errno_of_lookup(int host) noexcept {
  return host == EXDEV ? Errno::Notcapable : errno_of(host);
}

std::string_view to_string(Errno error) noexcept {
  switch (error) {
#define WASI_ERRNO(name, number, host) \
  case Errno::name:                    \
    return #name;
#include "wasm/wasi/errno.def"
#undef WASI_ERRNO
  }
  return "unknown";
}

}  // namespace wherry::wasi
