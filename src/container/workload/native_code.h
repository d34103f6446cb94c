// Native code for a guest, from outside of its sandbox: found in the cache, made before the guest starts, or
// made while it runs, by an agent that is left behind for that.
//
// The guest's process has no way to the cache and none to the compiler. It gets an artifact's descriptor, or a
// socket over which parts come while it runs.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oci/runtime_config.h"
#include "os/fd.h"
#include "os/process.h"
#include "wasm/cache/cache.h"
#include "wasm/cache/settings.h"

namespace wherry::container {

// Told, in one line, why a guest is interpreted.
using WarnOfCode = std::function<void(const std::string& text)>;

class NativeCode {
 public:
  struct Settings {
    wasm::Tier tier = wasm::Tier::Interpreter;
    wasm::Environment environment = {};
    bool is_machines_root = false;  // and not root of a user namespace
    WarnOfCode warn = {};
  };
  // The annotation counts more than the variable. Throws Error(InvalidArgument) for a tier that there is not.
  static wasm::Tier tier_of(const oci::RuntimeConfig& config, const wasm::Environment& environment);

  explicit NativeCode(Settings settings);
  ~NativeCode();

  // Does beforehand what provide() does for any module. Does not throw.
  void get_ready() noexcept;

  // What the process that runs the module is to have: an artifact, a socket, or nothing. Does not throw.
  // process: in whose mount namespace the module was opened.
  std::vector<os::Fd> provide(os::Fd module, pid_t process) noexcept;

  // Where a socket was given: compiles for the guest at its other end, once the guest has shown that it lasts.
  // By a process of its own that is left behind ...
  void leave_agent() noexcept;
  // ... or for as long as this process waits for the guest's end. Null where no socket was given.
  os::Attendant* attendant();

 private:
  struct Job;
  class Watch;
  void warn(const std::string& text) const;
  void open_cache();
  void provide_from_cache(os::Fd module, pid_t process, std::vector<os::Fd>& provided);

  Settings settings_;
  std::string problem_;  // why there is no cache
  std::optional<wasm::Cache> cache_;
  std::optional<std::string> compiler_;  // looked for where it may be needed
  wasm::ArtifactKey key_;
  std::unique_ptr<Job> job_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace wherry::container
