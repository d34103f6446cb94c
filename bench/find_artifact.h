// What WHERRY_ARTIFACT names, for a benchmark's process: a module's compiled code.
#pragma once

#include <fcntl.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "os/fd.h"
#include "wasm/artifact/artifact.h"
#include "wasm/artifact/environment.h"

namespace wherry {

// Null where there is none. Throws Error where it is not the module's, or for another machine.
inline std::shared_ptr<const wasm::Artifact> find_artifact(ByteSpan bytes) {
  const char* path = std::getenv("WHERRY_ARTIFACT");
  if (!path) return nullptr;
  const os::Fd file(sys([&] { return ::open(path, O_RDONLY | O_CLOEXEC); }, "open '{}'", path));
  const wasm::ArtifactKey key{.module = digest_of(bytes), .environment = wasm::host_environment()};
  return std::make_shared<const wasm::Artifact>(wasm::Artifact::map(file.get(), key));
}

}  // namespace wherry
