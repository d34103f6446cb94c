// A WebAssembly module as a container's payload: loaded inside the sandbox, run with WASI.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "container/runtime/workload.h"
#include "container/workload/engine_calls.h"
#include "container/workload/entrypoint.h"
#include "container/workload/module_bytes.h"
#include "container/workload/native_code.h"
#include "wasm/artifact/artifact.h"
#include "wasm/format/module.h"

namespace wherry::container {

// In config.json's annotations: the export to call with process.args[1…] as its typed arguments,
// instead of `_start`.
inline constexpr const char* kInvokeAnnotation = "org.wherry.invoke";

// Where args[0] is "PATH#FUNCTION", that export is called instead of `_start`, without arguments; what it
// returns is nobody's.
//
// Exit codes: the guest's own; 134 after a trap, whose message and backtrace go to stderr.
class WasmWorkload final : public Workload {
 public:
  // Borrows the config for its whole life.
  explicit WasmWorkload(const oci::RuntimeConfig& config, Inherited inherited = {},
                        NativeCode::Settings settings = {});

  std::optional<os::SeccompPolicy> needed_calls() const override {
    return engine_policy(agent_.is_open() ? Code::MayCome : Code::IsThere);
  }
  void get_ready() override { code_.get_ready(); }
  int open() noexcept override;
  std::vector<os::Fd> provide(os::Fd opened, pid_t init) override;
  void take(std::vector<os::Fd> provided) override;
  void leave() override { code_.leave_agent(); }
  os::Attendant* attendant() override { return code_.attendant(); }
  void follow_memory_limit(os::Fd file) override { memory_limit_ = std::move(file); }
  void give_notify(os::Fd socket, const std::string& path) override;
  void prepare() override;
  int run() noexcept override;

 private:
  void open_entrypoint_file();
  int run_guest();

  const oci::RuntimeConfig& config_;
  Inherited inherited_;
  std::optional<std::string> invoke_;
  std::string function_;  // of "PATH#FUNCTION"
  NativeCode code_;
  os::Fd root_;
  std::optional<Entrypoint> entrypoint_;
  std::shared_ptr<const wasm::Artifact> artifact_;
  os::Fd agent_;  // a socket, where there is one that compiles
  os::Fd memory_limit_;
  std::unique_ptr<ModuleBytes> file_;
  std::unique_ptr<wasm::Module> module_;
};

}  // namespace wherry::container
