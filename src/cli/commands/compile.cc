// wherry compile
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cli/commands/module_operand.h"
#include "cli/commands/native_code.h"
#include "cli/commands/verbs.h"
#include "cli/term/args.h"
#include "os/fd.h"

namespace wherry::cli {

int compile(Context& context, CommandArguments command_line) {
  std::string cpu;
  std::string output;
  bool quiet = false;
  Arguments arguments;
  arguments.option("--for", "CPU", &cpu, "for this processor, as LLVM names it; needs --output");
  arguments.option("-o,--output", "FILE", &output,
                   "write a module's code to FILE, not into the cache");
  arguments.flag("-q,--quiet", &quiet, "do not say what is compiled");
  auto operands = arguments.parse(command_line);
  if (!operands) return show_help(context, "compile", arguments);
  if (operands->size() != 1) throw UsageError("'wherry compile' takes one image or module");
  if (!cpu.empty() && output.empty()) {
    throw UsageError("--for needs --output FILE: the cache has code of this machine's processor");
  }
  const std::string& operand = operands->front();
  using Say = ModuleCompiler::Say;
  const ModuleCompiler compiler(context, quiet ? Say::Nothing : Say::Progress);
  if (is_bare_module(operand)) {
    const os::Fd module(
        sys([&] { return ::open(operand.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", operand));
    if (output.empty()) {
      compiler.compile(module.get(), operand);
    } else {
      compiler.compile_to(module.get(), operand, cpu, output);
    }
    return 0;
  }
  if (!output.empty()) throw UsageError("--output takes the code of a module's file, not an image");
  const image::Store store(context.root);
  compiler.compile(store, store.resolve(operand), operand);
  return 0;
}

}  // namespace wherry::cli
