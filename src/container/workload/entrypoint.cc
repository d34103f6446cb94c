#include "container/workload/entrypoint.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "oci/default_path.h"
#include "os/path_at.h"
#include "wasm/format/decode.h"

namespace wherry::container {
namespace {

std::string_view search_path(const oci::RuntimeProcess& process) {
  constexpr std::string_view kPrefix = "PATH=";
  for (std::string_view variable : process.env) {
    if (variable.starts_with(kPrefix)) return variable.substr(kPrefix.size());
  }
  return oci::kDefaultPath;
}

// The result is only ever resolved inside the container's root, where ".." ends at the root.
std::string below(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  path += name;
  return path;
}

}  // namespace

std::vector<std::string> entrypoint_candidates(const oci::RuntimeProcess& process) {
  const std::string& name = process.args[0];
  if (name.starts_with('/')) return {name};
  if (name.find('/') != std::string::npos) return {below(process.cwd, name)};
  std::vector<std::string> candidates;
  std::string_view path = search_path(process);
  while (!path.empty()) {
    std::size_t colon = path.find(':');
    std::string_view directory = path.substr(0, colon);
    // A relative directory in PATH would mean the image's working directory: not looked in twice.
    if (directory.starts_with('/')) candidates.push_back(below(directory, name));
    path = colon == std::string_view::npos ? std::string_view() : path.substr(colon + 1);
  }
  candidates.push_back(below(process.cwd, name));
  if (process.cwd != "/") candidates.push_back("/" + name);
  return candidates;
}

Entrypoint open_entrypoint(int root, const oci::RuntimeProcess& process) {
  if (process.args[0].empty()) fail(ErrorKind::NotFound, "the entrypoint is empty");
  for (std::string& path : entrypoint_candidates(process)) {
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
    return {std::move(opened.fd), std::move(path)};
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
