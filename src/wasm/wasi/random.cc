#include <sys/random.h>

#include <cerrno>

#include "wasm/wasi/functions.h"

namespace wherry::wasi {

Errno random_get(State&, Memory memory, u32 buffer, u32 length) {
  auto bytes = memory.bytes(buffer, length);
  if (!bytes) return Errno::Fault;
  for (std::size_t done = 0; done < bytes->size();) {
    ssize_t got =
        retrying([&] { return ::getrandom(bytes->data() + done, bytes->size() - done, 0); });
    if (got < 0) return errno_of(errno);
    done += static_cast<std::size_t>(got);
  }
  return Errno::Success;
}

}  // namespace wherry::wasi
