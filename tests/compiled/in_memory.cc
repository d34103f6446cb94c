#include "compiled/in_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"
#include "wasm/compiler/compile.h"

namespace wherry::wasm {

std::shared_ptr<const Artifact> map_in_memory(const std::vector<std::uint8_t>& artifact,
                                              const Module& module) {
  static const std::string environment = host_environment();
  const os::Fd file(sys([] { return ::memfd_create("artifact", MFD_CLOEXEC); }, "memfd_create"));
  os::write_all(file.get(), artifact);
  return std::make_shared<const Artifact>(
      Artifact::map(file.get(), {.module = digest_of(module.bytes), .environment = environment}));
}

std::shared_ptr<const Artifact> compile_in_memory(const Module& module) {
  CompileOptions options;
  options.optimise = std::getenv("WHERRY_COMPILE_QUICK") == nullptr;
  return map_in_memory(compile(module, options), module);
}

}  // namespace wherry::wasm
