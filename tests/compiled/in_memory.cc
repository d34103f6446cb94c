#include "compiled/in_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

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

namespace {

HowCompiled how_compiled() {
  const char* text = std::getenv("WHERRY_TEST_COMPILED");
  const std::string_view how = text ? text : "whole";
  if (how == "whole") return HowCompiled::Whole;
  if (how == "quickly") return HowCompiled::Quickly;
  if (how == "in-pieces") return HowCompiled::InPieces;
  fail(ErrorKind::InvalidArgument, "WHERRY_TEST_COMPILED is '{}'", how);
}

std::vector<std::uint8_t> compile_in_pieces(const Module& module) {
  const Compiler compiler(module, {});
  std::vector<CodeObject> objects;
  // Another third in another module.
  const auto first = static_cast<std::uint32_t>(module.bytes.size() % 3);
  for (std::uint32_t i = 0; i < module.code.size(); ++i) {
    if ((i + first) % 3 == 0) continue;
    const auto level = (i + first) % 3 == 1 ? Compiler::Level::Full : Compiler::Level::Quick;
    objects.push_back(compiler.object({.functions = {i}, .level = level}));
  }
  std::vector<const CodeObject*> all;
  for (const CodeObject& object : objects) all.push_back(&object);
  return compiler.link(all);
}

}  // namespace

std::shared_ptr<const Artifact> compile_in_memory(const Module& module, HowCompiled how) {
  if (how == HowCompiled::InPieces) return map_in_memory(compile_in_pieces(module), module);
  CompileOptions options;
  options.optimise = how == HowCompiled::Whole;
  return map_in_memory(compile(module, options), module);
}

std::shared_ptr<const Artifact> compile_in_memory(const Module& module) {
  static const HowCompiled how = how_compiled();
  return compile_in_memory(module, how);
}

}  // namespace wherry::wasm
