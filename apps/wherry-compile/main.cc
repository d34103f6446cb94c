// wherry-compile: native code of a module, ahead of time.
//
// The file named on the command line is written by this process; another of this program, confined, is the
// one that looks at the module. Whoever starts it with --serve has done the first part.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "cli/term/args.h"
#include "confine.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/process.h"
#include "serve.h"
#include "wasm/compiler/compile.h"

namespace wherry::compile {
namespace {

constexpr unsigned kMaxThreads = 8;  // more would need more memory than the limit

struct CommandLine {
  std::optional<std::string> cpu;
  bool quick = false;
  bool environment = false;
  bool version = false;
  bool serve = false;
  std::optional<std::string> threads, module, output, guest, loops, nice, seconds, megabytes,
      dump_ir, dump_object;
};

void declare(cli::Arguments& arguments, CommandLine& line) {
  arguments.option("--for", "CPU", &line.cpu,
                   "for another machine: the name LLVM has for its processor, as x86-64-v3");
  arguments.flag("--quick", &line.quick, "in a tenth of the time, code that is less good");
  arguments.option("--threads", "NUMBER", &line.threads, "instead of one a processor, 8 at most");
  arguments.option("--time-limit", "SECONDS", &line.seconds, "give up after (1200)");
  arguments.option("--memory-limit", "MEGABYTES", &line.megabytes, "take no more than (1536)");
  arguments.flag("--environment", &line.environment,
                 "print what artifacts made here are for, and exit");
  arguments.flag("--version", &line.version, "print the version, and exit");
  arguments.flag("--serve", &line.serve, "take descriptors instead of names, by their numbers:");
  arguments.option("--module", "NUMBER", &line.module, "  the module, open for reading");
  arguments.option("--output", "NUMBER", &line.output, "  an empty file, open for writing");
  arguments.option("--guest", "NUMBER", &line.guest,
                   "  a socket of a process that runs the module: it gets parts as they are made");
  arguments.option("--loops", "FUNCTION:LOOP,...", &line.loops,
                   "  nothing but entries to these loops, for the guest");
  arguments.option("--nice", "NUMBER", &line.nice, "  how much to stand back for others (10)");
  arguments.option("--dump-ir", "FOLDER", &line.dump_ir,
                   "write LLVM's text of every part, unconfined");
  arguments.option("--dump-object", "FOLDER", &line.dump_object,
                   "write the object file of every part, unconfined");
}

int show_help(const cli::Arguments& arguments) {
  const std::string text =
      "Usage: wherry-compile [OPTIONS] MODULE ARTIFACT\n"
      "       wherry-compile [OPTIONS] --serve --module NUMBER --output NUMBER [--guest NUMBER]\n"
      "\n"
      "Makes native code of a WebAssembly module, ahead of time.\n"
      "\n"
      "Other programs of Wherry start it by themselves, and keep what it makes where they find it "
      "again.\n"
      "The module is looked at by a process that can reach nothing but the module and the "
      "artifact, that\n"
      "may take so much memory and time, and that leaves no artifact if it fails.\n"
      "\n"
      "Options:\n" +
      arguments.describe();
  return std::fputs(text.c_str(), stdout) < 0;
}

unsigned number_of(const std::string& option, const std::string& text, unsigned least,
                   unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    throw cli::UsageError(
        fmt::format("{} takes a number from {} to {}, not '{}'", option, least, most, text));
  }
  return value;
}

std::vector<wasm::LoopId> loops_of(std::string_view text) {
  std::vector<wasm::LoopId> loops;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    const std::size_t colon = std::min(one.find(':'), one.size() - 1);
    loops.push_back({.function = number_of("--loops", std::string(one.substr(0, colon)), 0, ~0u),
                     .ordinal = number_of("--loops", std::string(one.substr(colon + 1)), 0, ~0u)});
  }
  return loops;
}

int descriptor(const std::string& option, const std::optional<std::string>& text) {
  if (!text) throw cli::UsageError(fmt::format("--serve needs {}", option));
  const auto number = static_cast<int>(number_of(option, *text, 0, 1 << 20));
  sys([&] { return ::fcntl(number, F_GETFD); }, "{} {}", option, number);
  return number;
}

wasm::CompileOptions compile_options(const CommandLine& line) {
  wasm::CompileOptions options;
  if (line.cpu) options.features = wasm::features_of(*line.cpu);
  options.threads = line.threads ? number_of("--threads", *line.threads, 1, kMaxThreads)
                                 : std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads);
  options.dump_ir = line.dump_ir.value_or("");
  options.dump_object = line.dump_object.value_or("");
  return options;
}

[[noreturn]] void end_by_llvm(const char* reason) {
  std::fprintf(stderr, "wherry-compile: error: compile the module: LLVM: %s\n", reason);
  ::_exit(1);
}

int run_serve(const CommandLine& line) {
  Job job{.module = descriptor("--module", line.module),
          .output = descriptor("--output", line.output),
          .guest = line.guest ? descriptor("--guest", line.guest) : -1,
          .loops = line.loops ? loops_of(*line.loops) : std::vector<wasm::LoopId>(),
          .quick = line.quick,
          .options = compile_options(line)};
  Limits limits;
  if (line.seconds) limits.seconds = number_of("--time-limit", *line.seconds, 1, 1 << 20);
  if (line.megabytes) {
    const unsigned most = number_of("--memory-limit", *line.megabytes, 1, 1 << 20);
    limits.memory_bytes = std::uint64_t{most} << 20;
  }
  limits.nice = static_cast<int>(line.nice ? number_of("--nice", *line.nice, 0, 19) : 10);
  wasm::handle_fatal_errors(&end_by_llvm);
  if (job.options.dump_ir.empty() && job.options.dump_object.empty()) {
    std::vector<int> keep = {job.module, job.output};
    if (job.guest >= 0) keep.push_back(job.guest);
    confine(keep, limits, job.options.threads);
  }
  serve(job);
  return 0;
}

// What `file` has, as the contents of the file with that name. Whoever opens that sees all of it or none.
void publish(const os::Fd& file, const os::Fd& folder, const std::string& name) {
  const std::size_t size = os::file_size(file.get());
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) fail_errno(errno, "read the artifact");
  os::replace_file(folder.get(), name, {static_cast<const char*>(at), size}, 0644);
  ::munmap(at, size);
}

int compile_file(const CommandLine& line, const std::string& module, const std::string& artifact) {
  const os::Fd in(
      sys([&] { return ::open(module.c_str(), O_RDONLY | O_CLOEXEC); }, "open '{}'", module));
  const std::size_t slash = artifact.rfind('/');  // npos + 1 is 0
  const std::string where = slash == std::string::npos ? "." : artifact.substr(0, slash + 1);
  const os::Fd folder(sys([&] { return ::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); },
                          "open '{}'", where));
  const os::Fd out(
      sys([] { return ::memfd_create("artifact", MFD_CLOEXEC); }, "make a file in memory"));
  os::SpawnPlan plan{.path = "/proc/self/exe",
                     .arguments = {"wherry-compile", "--serve", "--module=3", "--output=4"},
                     .environment = std::vector<std::string>{},
                     .descriptors = {},
                     .apart = true};
  // Out of the way of the numbers that are given.
  const os::Fd in_above(sys([&] { return ::fcntl(in.get(), F_DUPFD_CLOEXEC, 10); }, "fcntl"));
  const os::Fd out_above(sys([&] { return ::fcntl(out.get(), F_DUPFD_CLOEXEC, 10); }, "fcntl"));
  plan.descriptors = {{in_above.get(), 3}, {out_above.get(), 4}};
  if (line.quick) plan.arguments.emplace_back("--quick");
  for (const auto& [name, value] :
       {std::pair("--for=", line.cpu), std::pair("--threads=", line.threads),
        std::pair("--time-limit=", line.seconds), std::pair("--memory-limit=", line.megabytes),
        std::pair("--dump-ir=", line.dump_ir), std::pair("--dump-object=", line.dump_object)}) {
    if (value) plan.arguments.push_back(name + *value);
  }
  plan.arguments.push_back("--nice=" + line.nice.value_or("0"));
  os::ExitStatus status;
  {
    const os::SignalForwarder forwarder;
    status = forwarder.wait_for(os::spawn(plan));
  }
  if (status.signal) {
    fail(ErrorKind::Internal, "compile '{}': the compiler was ended by signal {} ({})", module,
         status.signal, ::strsignal(status.signal));
  }
  if (status.code != 0) return status.code;  // it said why
  publish(out, folder, artifact.substr(slash + 1));
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  CommandLine line;
  cli::Arguments declared;
  declare(declared, line);
  const auto operands = declared.parse(arguments);
  if (!operands) return show_help(declared);
  if (line.version) return std::printf("wherry-compile %s\n", WHERRY_VERSION) < 0;
  if (line.environment) {
    return std::printf("%s\n", wasm::compile_environment(compile_options(line)).c_str()) < 0;
  }
  if (line.serve) {
    if (!operands->empty()) throw cli::UsageError("--serve takes no names");
    return run_serve(line);
  }
  if (operands->size() != 2)
    throw cli::UsageError("give a module and the artifact to be made of it");
  for (const auto& each : {line.module, line.output, line.guest}) {
    if (each) throw cli::UsageError("--module, --output and --guest go with --serve");
  }
  compile_options(line);
  return compile_file(line, (*operands)[0], (*operands)[1]);
}

}  // namespace
}  // namespace wherry::compile

int main(int argc, char** argv) {
  try {
    return wherry::compile::run({argv + 1, argv + argc});
  } catch (const wherry::cli::UsageError& error) {
    std::fprintf(stderr, "wherry-compile: error: %s (see wherry-compile --help)\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wherry-compile: error: %s\n", error.what());
    return 1;
  }
}
