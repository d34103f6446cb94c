#include "container/workload/wasm_workload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <thread>

#include "base/error.h"
#include "container/workload/entrypoint.h"
#include "container/workload/memory_bound.h"
#include "container/workload/value_text.h"
#include "os/file.h"
#include "os/path_at.h"
#include "wasm/artifact/environment.h"
#include "wasm/artifact/shape.h"
#include "wasm/engine/engine.h"
#include "wasm/engine/tier_up.h"
#include "wasm/format/decode.h"
#include "wasm/format/limits.h"
#include "wasm/format/validate.h"
#include "wasm/wasi/wasi.h"

namespace wherry::container {
namespace {

constexpr int kTrapCode = 134;  // as a shell shows SIGABRT
constexpr int kCannotRunCode = 126;
constexpr int kOwnFailureCode = 125;

void print_error(std::string_view text) noexcept {
  std::fprintf(stderr, "wherry-runtime: error: %.*s\n", static_cast<int>(text.size()), text.data());
}

int report_trap(const wasm::Trap& trap) {
  std::string text = wasm::to_string(trap);
  if (!text.ends_with('\n')) text += '\n';
  os::write_all(STDERR_FILENO, as_bytes(text));
  return kTrapCode;
}

// The guest's own descriptors are theirs from now on.
wasi::Options wasi_options(const oci::RuntimeProcess& process, const Inherited& inherited,
                           int root) {
  wasi::Options options;
  for (int fd : inherited.given) options.given.emplace_back(fd);
  if (inherited.notify >= 0) {
    options.notify = os::Fd(inherited.notify);
    options.notify_path = inherited.notify_path;
  }
  options.arguments = process.args;
  options.environment = process.env;
  wasi::inherit_standard_streams(options);
  options.preopens.push_back(
      {.name = "/",
       .directory = os::open_at(root, "/", {.flags = O_RDONLY | O_DIRECTORY}),
       .scope = os::Scope::InRoot});
  options.working_directory = process.cwd;
  return options;
}

std::optional<std::uint64_t> configured_limit(const oci::RuntimeConfig& config) {
  std::int64_t limit = config.linux_section.resources.memory.limit.value_or(0);
  if (limit <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(limit);
}

wasm::Function* exported_function(const wasm::Instance& instance, std::string_view name) {
  auto found = wasm::find_export(instance, name);
  if (!found || !std::holds_alternative<wasm::Function*>(*found)) return nullptr;
  return std::get<wasm::Function*>(*found);
}

// A reactor sets itself up before anything else of it is called (WASI's application ABI).
std::optional<wasm::Trap> set_up(wasm::Store& store, const wasm::Instance& instance,
                                 const wasm::Function* next) {
  wasm::Function* initialize = exported_function(instance, "_initialize");
  if (!initialize || initialize == next || wasm::type_of(*initialize) != wasm::FuncType{}) {
    return std::nullopt;
  }
  wasm::CallResult result = store.call(initialize, {});
  if (auto* trap = std::get_if<wasm::Trap>(&result)) return std::move(*trap);
  return std::nullopt;
}

// Calls an export with arguments typed by its signature and prints the results, one a line.
int invoke(wasm::Store& store, const wasm::Instance& instance, const std::string& name,
           std::span<const std::string> arguments) {
  wasm::Function* function = exported_function(instance, name);
  if (!function) {
    fail(ErrorKind::FailedPrecondition, "the module exports no function '{}'", name);
  }
  const wasm::FuncType& type = wasm::type_of(*function);
  if (type.params.size() != arguments.size()) {
    fail(ErrorKind::InvalidArgument, "function '{}' takes {} argument{}, not {}", name,
         type.params.size(), type.params.size() == 1 ? "" : "s", arguments.size());
  }
  wasm::Values values;
  in_context([&] { return fmt::format("call '{}'", name); },
             [&] {
               for (std::size_t i = 0; i < arguments.size(); ++i) {
                 values.push_back(parse_value(type.params[i], arguments[i]));
               }
             });
  if (auto trap = set_up(store, instance, function)) return report_trap(*trap);
  wasm::CallResult result = store.call(function, values);
  if (auto* trap = std::get_if<wasm::Trap>(&result)) return report_trap(*trap);
  std::string text;
  for (const wasm::Value& value : std::get<wasm::Values>(result)) text += to_text(value) + "\n";
  os::write_all(STDOUT_FILENO, as_bytes(text));
  return 0;
}

// Calls the export that "PATH#FUNCTION" names.
int call_named(wasm::Store& store, const wasm::Instance& instance, const std::string& name) {
  wasm::Function* function = exported_function(instance, name);
  if (!function) {
    fail(ErrorKind::FailedPrecondition, "the module exports no function '{}'", name);
  }
  std::size_t count = wasm::type_of(*function).params.size();
  if (count > 0) {
    fail(ErrorKind::FailedPrecondition,
         "function '{}' takes {} argument{}: one named in the entrypoint is given none", name,
         count, count == 1 ? "" : "s");
  }
  if (auto trap = set_up(store, instance, function)) return report_trap(*trap);
  wasm::CallResult result = store.call(function, {});
  if (auto* trap = std::get_if<wasm::Trap>(&result)) return report_trap(*trap);
  return 0;
}

}  // namespace

WasmWorkload::WasmWorkload(const oci::RuntimeConfig& config, Inherited inherited,
                           NativeCode::Settings settings)
    : config_(config), inherited_(std::move(inherited)), code_(std::move(settings)) {
  auto found = config.annotations.find(kInvokeAnnotation);
  if (found != config.annotations.end()) invoke_ = found->second;
}

void WasmWorkload::give_notify(os::Fd socket, const std::string& path) {
  inherited_.notify = socket.release();
  inherited_.notify_path = path;
}

void WasmWorkload::open_entrypoint_file() {
  if (entrypoint_) return;
  root_ = os::Fd(sys([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open '/'"));
  if (inherited_.module < 0) {
    entrypoint_ = open_entrypoint(root_.get(), config_.process);
  } else {
    const std::string& name = config_.process.args[0];
    entrypoint_ = {.file = os::Fd(inherited_.module),
                   .path = name,
                   .function = std::string(entrypoint_function(name))};
  }
}

int WasmWorkload::open() noexcept {
  // What goes wrong prepare() meets again.
  auto [opened, problem] = outcome_of([&] {
    open_entrypoint_file();
    return entrypoint_->file.get();
  });
  return opened.value_or(-1);
}

std::vector<os::Fd> WasmWorkload::provide(os::Fd opened, pid_t init) {
  return code_.provide(std::move(opened), init);
}

// Mapped here: once this process is confined nothing becomes executable any more.
void WasmWorkload::take(std::vector<os::Fd> provided) {
  for (os::Fd& each : provided) {
    struct stat status{};
    if (::fstat(each.get(), &status) != 0) continue;
    if (S_ISSOCK(status.st_mode)) {
      agent_ = std::move(each);
      continue;
    }
    auto [mapped, problem] =
        outcome_of([&] { return wasm::Artifact::map(each.get(), wasm::host_environment()); });
    if (mapped) artifact_ = std::make_shared<const wasm::Artifact>(std::move(*mapped));
  }
}

void WasmWorkload::prepare() {
  open_entrypoint_file();
  const Entrypoint& entrypoint = *entrypoint_;
  const Whereabouts whereabouts =
      inherited_.module < 0 ? Whereabouts::InContainer : Whereabouts::Outside;
  function_ = entrypoint.function;
  in_context([&] { return fmt::format("load '{}'", entrypoint.path); },
             [&] {
               file_ = std::make_unique<ModuleBytes>(entrypoint.file, wasm::limits::kModuleBytes,
                                                     whereabouts);
             });
  require_module(file_->bytes(), entrypoint.path);
  in_context([&] { return fmt::format("load '{}'", entrypoint.path); },
             [&] {
               module_ = std::make_unique<wasm::Module>(wasm::decode(file_->bytes()));
               if (artifact_ && artifact_->shape() != wasm::shape_of(*module_)) artifact_.reset();
               // Bodies that are never looked at again were valid when they were compiled.
               const bool is_whole = artifact_ && artifact_->compiled() == module_->code.size();
               wasm::validate(
                   *module_, {.threads = std::thread::hardware_concurrency(), .bodies = !is_whole});
             });
}

int WasmWorkload::run_guest() {
  wasm::EngineOptions options;
  if (memory_limit_.is_open() || configured_limit(config_)) {
    MemoryBound bound(*module_, std::move(memory_limit_), configured_limit(config_));
    options.memory_pages_now = [shared = std::make_shared<MemoryBound>(std::move(bound))] {
      return shared->pages();
    };
  }
  wasm::Store store(options);
  wasi::Wasi wasi(wasi_options(config_.process, inherited_, root_.get()));
  auto made = store.instantiate(
      *module_, [&](const wasm::Import& import) { return wasi.resolve(store, import); }, artifact_);
  if (made.trap) return report_trap(*made.trap);
  std::optional<wasm::TierUp> tier_up;
  if (agent_.is_open()) {
    tier_up.emplace(store, *made.instance, std::move(agent_), wasm::host_environment());
  }
  if (invoke_) {
    return invoke(store, *made.instance, *invoke_, std::span(config_.process.args).subspan(1));
  }
  if (!function_.empty() && function_ != "_start") {
    return call_named(store, *made.instance, function_);
  }
  wasi::Outcome outcome = wasi::run_command(store, *made.instance);
  if (auto* trap = std::get_if<wasm::Trap>(&outcome)) return report_trap(*trap);
  return static_cast<int>(std::get<std::uint32_t>(outcome));
}

int WasmWorkload::run() noexcept {
  try {
    return run_guest();
  } catch (const wasm::GuestExit& exit) {
    return static_cast<int>(exit.code);
  } catch (const Error& error) {
    print_error(error.what());
    bool about_module = error.kind() == ErrorKind::FailedPrecondition ||
                        error.kind() == ErrorKind::InvalidArgument ||
                        error.kind() == ErrorKind::Unimplemented;
    return about_module ? kCannotRunCode : kOwnFailureCode;
  } catch (const std::exception& error) {
    print_error(error.what());
    return kOwnFailureCode;
  }
}

}  // namespace wherry::container
