#include "cli/commands/native_code.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "os/file.h"
#include "os/namespaces.h"
#include "wasm/artifact/environment.h"
#include "wasm/cache/cache.h"
#include "wasm/cache/fill.h"
#include "wasm/cache/settings.h"
#include "wasm/format/decode.h"
#include "wasm/format/limits.h"

namespace wherry::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxModules = 1000;  // of an image

bool is_module(int file) {
  std::array<std::uint8_t, 8> start{};
  return ::pread(file, start.data(), start.size(), 0) == static_cast<ssize_t>(start.size()) &&
         wasm::has_wasm_magic(start) && start[4] == 1 && start[6] == 0;  // and no component
}

struct ModuleFile {
  std::string path;  // in the image
  os::Fd file;
};

// By path. The snapshot is ours, and no guest's to write.
std::vector<ModuleFile> modules_of(const std::string& root) {
  std::vector<ModuleFile> modules;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    std::error_code ignored;
    if (entry.is_symlink(ignored) || !entry.is_regular_file(ignored)) continue;
    os::Fd file(::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.is_open() || !is_module(file.get())) continue;
    if (modules.size() == kMaxModules) {
      fail(ErrorKind::ResourceExhausted, "the image has more than {} modules", kMaxModules);
    }
    modules.push_back({.path = "/" + fs::path(entry.path()).lexically_relative(root).string(),
                       .file = std::move(file)});
  }
  std::ranges::sort(modules, {}, &ModuleFile::path);
  return modules;
}

std::string size_text(std::size_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

wasm::Cache open_cache(const Context& context) {
  const bool is_machines_root = context.is_root && !os::in_user_namespace();
  auto folder = wasm::cache_folder(context.environment, is_machines_root);
  if (!folder) fail(ErrorKind::FailedPrecondition, "neither HOME nor WHERRY_CACHE is set");
  return wasm::Cache(*folder, wasm::cache_bytes(context.environment));
}

}  // namespace

ModuleCompiler::ModuleCompiler(const Context& context, Say say) : context_(context), say_(say) {
  auto program = wasm::compiler_program(context.environment);
  if (!program) {
    fail(ErrorKind::NotFound,
         "wherry-compile is not installed: it is a package of its own, 'wherry-compile'");
  }
  compiler_ = std::move(*program);
}

void ModuleCompiler::say(const std::string& line) const {
  if (say_ == Say::Nothing) return;
  fmt::print(context_.err, "{}\n", line);
  std::fflush(context_.err);
}

void ModuleCompiler::compile(int module, const std::string& name) const {
  in_context([&] { return fmt::format("'{}'", name); },
             [&] {
               if (!is_module(module)) {
                 fail(ErrorKind::InvalidArgument, "it is not a WebAssembly module");
               }
               const wasm::Cache cache = open_cache(context_);
               const wasm::ArtifactKey key{
                   .module = module_digest(cache, module, 0, wasm::limits::kModuleBytes),
                   .environment = wasm::host_environment()};
               if (cache.find(key).is_open()) {
                 return say(fmt::format("'{}' is compiled already", name));
               }
               say(fmt::format("compiling '{}' ({})", name, size_text(os::file_size(module))));
               const auto start = std::chrono::steady_clock::now();
               const os::Fd artifact = find_or_compile(cache, key, compiler_, module);
               const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
               say(fmt::format("compiled '{}' in {:.1f} s: {} of code", name, took.count(),
                               size_text(os::file_size(artifact.get()))));
             });
}

void ModuleCompiler::compile(const image::Store& store, const image::Image& image,
                             const std::string& name) const {
  const image::Lease lease = store.lease();
  const std::vector<ModuleFile> modules = modules_of(store.rootfs(image).path);
  if (modules.empty()) {
    fail(ErrorKind::FailedPrecondition, "image '{}' has no WebAssembly module", name);
  }
  std::string first_problem;
  for (const ModuleFile& module : modules) {
    auto [done, problem] = outcome_of([&] {
      compile(module.file.get(), module.path);
      return true;
    });
    if (!done && first_problem.empty()) first_problem = std::move(problem);
  }
  if (!first_problem.empty()) {
    fail(ErrorKind::FailedPrecondition, "image '{}': {}", name, first_problem);
  }
}

void ModuleCompiler::compile_to(int module, const std::string& name, const std::string& cpu,
                                const std::string& output) const {
  const std::string next = output + "." + os::unique_name();
  struct Undo {
    const std::string& path;
    ~Undo() { ::unlink(path.c_str()); }
  } undo{next};
  {
    const os::Fd file(
        sys([&] { return ::open(next.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666); },
            "write '{}'", output));
    say(fmt::format("compiling '{}' ({})", name, size_text(os::file_size(module))));
    wasm::CompilerRun run{
        .program = compiler_, .module = module, .output = file.get(), .options = {"--nice", "0"}};
    if (!cpu.empty()) run.options.insert(run.options.end(), {"--for", cpu});
    in_context([&] { return fmt::format("'{}'", name); }, [&] { run_compiler(run); });
  }
  sys([&] { return ::rename(next.c_str(), output.c_str()); }, "write '{}'", output);
}

}  // namespace wherry::cli
