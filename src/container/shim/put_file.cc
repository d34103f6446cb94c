#include "container/shim/put_file.h"

#include <fcntl.h>

#include <cstdio>

#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"

namespace wherry::shim {

void put_file(const std::string& path, std::string_view text) {
  std::string next = path + "." + os::unique_name();
  os::Fd file(
      sys([&] { return ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); },
          "write '{}'", path));
  os::write_all(file.get(), as_bytes(text));
  sys([&] { return ::rename(next.c_str(), path.c_str()); }, "write '{}'", path);
}

}  // namespace wherry::shim
