#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "spec/run_script.h"
#include "wasm/compiler/compile.h"

namespace wherry::spec {

std::shared_ptr<const wasm::Artifact> code_of(const wasm::Module& module) {
  wasm::CompileOptions options;
  options.optimise = std::getenv("WHERRY_COMPILE_QUICK") == nullptr;
  static const std::string environment = wasm::compile_environment(options);
  const std::vector<std::uint8_t> bytes = wasm::compile(module, options);
  const int fd = sys([] { return ::memfd_create("artifact", MFD_CLOEXEC); }, "memfd_create");
  for (std::size_t done = 0; done < bytes.size();) {
    done += static_cast<std::size_t>(
        sys([&] { return ::write(fd, bytes.data() + done, bytes.size() - done); }, "write"));
  }
  auto artifact = std::make_shared<const wasm::Artifact>(
      wasm::Artifact::map(fd, {.module = digest_of(module.bytes), .environment = environment}));
  ::close(fd);
  return artifact;
}

}  // namespace wherry::spec
