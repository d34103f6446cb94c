// config.json's hooks (runtime-spec 1.2, config.md, "POSIX-platform Hooks") as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wherry::oci {

struct RuntimeHook {
  std::string path;                      // absolute
  std::vector<std::string> args;         // args[0] included; empty means {path}
  std::vector<std::string> env;          // "KEY=value": all that the hook sees
  std::optional<std::uint32_t> timeout;  // in seconds, not 0
  bool operator==(const RuntimeHook&) const = default;
};

// Each stage's in the order in which they are called.
struct RuntimeHooks {
  std::vector<RuntimeHook> prestart;
  std::vector<RuntimeHook> create_runtime;
  std::vector<RuntimeHook> create_container;
  std::vector<RuntimeHook> start_container;
  std::vector<RuntimeHook> poststart;
  std::vector<RuntimeHook> poststop;
  bool operator==(const RuntimeHooks&) const = default;
};

// The stages by the names config.json has for them.
struct RuntimeHookStage {
  const char* name;
  std::vector<RuntimeHook> RuntimeHooks::* hooks;
};
inline constexpr RuntimeHookStage kRuntimeHookStages[] = {
    {"prestart", &RuntimeHooks::prestart},
    {"createRuntime", &RuntimeHooks::create_runtime},
    {"createContainer", &RuntimeHooks::create_container},
    {"startContainer", &RuntimeHooks::start_container},
    {"poststart", &RuntimeHooks::poststart},
    {"poststop", &RuntimeHooks::poststop},
};

}  // namespace wherry::oci
