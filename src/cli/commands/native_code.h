// Native code of modules, made before they run: `wherry compile`, and `--compile` of `build` and `load`.
#pragma once

#include <string>

#include "cli/commands/context.h"
#include "image/store/store.h"

namespace wherry::cli {

class ModuleCompiler {
 public:
  enum class Say : bool { Nothing, Progress };
  // Throws Error where there is no compiler or no cache.
  ModuleCompiler(const Context& context, Say say);

  // Puts a module's code into the cache. name: as the user knows it. Throws Error.
  void compile(int module, const std::string& name) const;
  // Of all modules of an image. Throws Error: of several failures that of the first module.
  void compile(const image::Store& store, const image::Image& image, const std::string& name) const;
  // Writes a module's code to a file. cpu: as LLVM names it; empty for this machine's.
  void compile_to(int module, const std::string& name, const std::string& cpu,
                  const std::string& output) const;

 private:
  void say(const std::string& line) const;

  const Context& context_;
  Say say_;
  std::string compiler_;
};

}  // namespace wherry::cli
