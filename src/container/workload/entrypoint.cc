#include "container/workload/entrypoint.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "os/path_at.h"
#include "wasm/format/decode.h"

namespace wherry::container {

Entrypoint open_entrypoint(int root, const oci::RuntimeProcess& process) {
  if (process.args[0].empty()) fail(ErrorKind::NotFound, "the entrypoint is empty");
  for (EntrypointCandidate& candidate : entrypoint_candidates(process)) {
    const std::string& path = candidate.path;
    // Not waiting: a FIFO by that name is refused below.
    os::OpenResult opened =
        os::try_open_at(root, path.c_str(), {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY});
    if (opened.error == ENOENT || opened.error == ENOTDIR) continue;
    if (!opened.fd.is_open()) fail_errno(opened.error, "open entrypoint '{}'", path);
    struct stat status{};
    sys([&] { return ::fstat(opened.fd.get(), &status); }, "stat entrypoint '{}'", path);
    if (!S_ISREG(status.st_mode)) {
      fail(ErrorKind::FailedPrecondition, "entrypoint '{}' is {}", path,
           S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
    }
    return {.file = std::move(opened.fd),
            .path = std::move(candidate.path),
            .function = std::move(candidate.function)};
  }
  fail(ErrorKind::NotFound, "entrypoint '{}' not found in the container: no such file or directory",
       process.args[0]);
}

void require_module(ByteSpan bytes, std::string_view path) {
  if (wasm::has_wasm_magic(bytes)) return;
  std::string_view text = as_text(bytes);
  if (text.starts_with("\x7f"
                       "ELF") ||
      text.starts_with("#!")) {
    fail(ErrorKind::Unimplemented,
         "'{}' is a Linux program: only WebAssembly modules run here; Linux payloads need crun or "
         "runc, and handing over to them is not there yet",
         path);
  }
  if (bytes.empty())
    fail(ErrorKind::InvalidArgument, "'{}' is empty, not a WebAssembly module", path);
  // Podman makes exit code 126 of the last two words.
  fail(ErrorKind::InvalidArgument, "'{}' is not a WebAssembly module: permission denied", path);
}

}  // namespace wherry::container
