#include "compiled/in_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "os/fd.h"
#include "wasm/compiler/compile.h"

namespace wherry::wasm {

std::shared_ptr<const Artifact> compile_in_memory(const Module& module) {
  CompileOptions options;
  options.optimise = std::getenv("WHERRY_COMPILE_QUICK") == nullptr;
  static const std::string environment = compile_environment(options);
  const std::vector<std::uint8_t> bytes = compile(module, options);
  const os::Fd file(sys([] { return ::memfd_create("artifact", MFD_CLOEXEC); }, "memfd_create"));
  for (std::size_t done = 0; done < bytes.size();) {
    done += static_cast<std::size_t>(sys(
        [&] { return ::write(file.get(), bytes.data() + done, bytes.size() - done); }, "write"));
  }
  return std::make_shared<const Artifact>(
      Artifact::map(file.get(), {.module = digest_of(module.bytes), .environment = environment}));
}

}  // namespace wherry::wasm
